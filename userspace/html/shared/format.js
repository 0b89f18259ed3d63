// Numbers for people, as gorotrace's text output writes them.

const NO_FIGURE = "-"; // nobody saw it: not 0

function digits(value) { // three significant ones
  if (value === 0) return "0";
  const places = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(places, 6));
}

function duration(ns) {
  if (ns === null || ns === undefined) return NO_FIGURE;
  if (ns === 0) return "0s";
  if (ns < 0) return "-" + duration(-ns);
  for (const [unit, size] of [["ns", 1], ["µs", 1e3], ["ms", 1e6]])
    if (ns < 999.5 * size) return size === 1 ? Math.round(ns) + unit : digits(ns / size) + unit;
  if (ns < 59.95e9) return digits(ns / 1e9) + "s";
  const s = Math.round(ns / 1e9), h = Math.floor(s / 3600), m = Math.floor(s / 60) % 60;
  return h > 0 ? `${h}h${String(m).padStart(2, "0")}m` : `${m}m${String(s % 60).padStart(2, "0")}s`;
}

function count(n) {
  return n === null || n === undefined ? NO_FIGURE : Math.round(n).toLocaleString("en-US");
}

function number(value) { // a rate, a mean
  if (value === null || value === undefined) return NO_FIGURE;
  return Math.abs(value) >= 1000 ? count(value) : digits(value);
}

function tick(value) { // on an axis: no more digits than it takes
  return Number(value.toPrecision(4)).toLocaleString("en-US", {maximumFractionDigits: 6});
}

function percent(value) {
  return value === null || value === undefined ? NO_FIGURE : digits(value) + " %";
}

function utc(ms, fractions) {
  const text = new Date(ms).toISOString();
  return text.slice(0, 10) + " " + text.slice(11, fractions ? 23 : 19) + " UTC";
}

// A time of the window on an axis: relative, in seconds.
function seconds(s) {
  const rounded = Math.abs(s) < 10 ? Number(s.toFixed(3)) : Number(s.toFixed(1));
  return s >= 120 ? duration(s * 1e9) : rounded + " s";
}
