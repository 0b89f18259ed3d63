// What a target did over time.

const STATE_SERIES = [
  ["running", "running", "--running"], ["runnable", "runnable", "--runnable"],
  ["running_or_runnable", "running or runnable", "--awake"], ["syscall", "in a system call", "--syscall"],
  ["waiting", "waiting", "--waiting"], ["unknown", "unknown", "--unknown"]];

const RATE_POINTS = 75; // of finer ones the noise of small counts is all that one sees

// Rates of so many intervals each that RATE_POINTS are left: [middle in seconds, mean of each column].
function rateRows(series, columns) {
  const step = Math.ceil(series.to_ns.length / RATE_POINTS), rows = [];
  for (let at = 0; at < series.to_ns.length; at += step) {
    const part = [...Array(Math.min(step, series.to_ns.length - at)).keys()].map((i) => at + i);
    const length = (i) => series.to_ns[i] - series.from_ns[i];
    const mean = (column) => {
      const seen = part.filter((i) => column[i] !== null), ns = sum(seen, length);
      return ns > 0 ? sum(seen, (i) => column[i] * length(i)) / ns : null;
    };
    rows.push([(series.from_ns[at] + series.to_ns[part[part.length - 1]]) / 2 / NS, ...columns.map(mean)]);
  }
  return rows;
}

function overTime(target) {
  const s = target.series, charts = new Charts(target);
  const middle = (i) => (s.from_ns[i] + s.to_ns[i]) / 2 / NS;
  const any = (column) => column.some((value) => value !== null && value !== 0);
  const seen = (column) => column.some((value) => value !== null);
  const figures = [];
  figures.push(charts.add({title: "Goroutines", rows: s.to_ns.map((to, i) => [to / NS, s.live[i]]),
    series: [{label: "live", colour: "--live"}], format: number}));
  const states = STATE_SERIES.filter(([name]) => any(s.states[name]));
  if (states.length > 0)
    figures.push(charts.add({title: "Goroutines by state", rows: s.to_ns.map((_, i) =>
      [middle(i), ...states.map(([name]) => s.states[name][i])]),
    series: states.map(([, label, colour]) => ({label, colour})), format: number, stacked: true}));
  const rates = (title, all) => {
    const known = all.filter(([column]) => seen(column));
    if (known.length > 0)
      figures.push(charts.add({title, unit: "per second", rows: rateRows(s, known.map(([column]) => column)),
        series: known.map(([, label, colour]) => ({label, colour})), format: number}));
  };
  rates("Created and exited", [[s.created_per_s, "created", "--created"], [s.exited_per_s, "exited", "--exited"]]);
  rates("Waits and system calls", [[s.parks_per_s, "waits begun", "--waiting"],
    [s.syscalls_per_s, "system calls", "--syscall"]]);
  const lost = s.lost.map((n, i) => n * NS / Math.max(1, s.to_ns[i] - s.from_ns[i]));
  if (any(s.events_per_s) || any(lost))
    rates(any(lost) ? "Events and losses" : "Events", [[s.events_per_s, "recorded", "--live"],
      ...(any(lost) ? [[lost, "lost", "--bad"]] : [])]);
  if (s.cost.length > 1 && any(s.cost.map(([, cost]) => cost)))
    figures.push(charts.add({title: "Cost of tracing", unit: "% of the target's CPU time",
      rows: s.cost.map(([at, cost]) => [at / NS, cost]), series: [{label: "estimated", colour: "--exited"}],
      format: percent}));
  const said = el("span", {class: "shown", role: "status"}, "the whole window");
  charts.zoomed = (shown) => {
    said.textContent = shown === null ? "the whole window" : `${seconds(shown[0])} to ${seconds(shown[1])} of the window`;
  };
  const part = (f) => () => {
    const [from, to] = charts.window || charts.whole;
    charts.zoom(...f(from, to, to - from));
  };
  const controls = el("div", {class: "toolbar"},
    button("Zoom in", {}, part((from, to, w) => [from + w / 4, to - w / 4])),
    button("Zoom out", {}, part((from, to, w) => [from - w / 2, to + w / 2])),
    button("◀ Earlier", {}, part((from, to, w) => [Math.max(charts.whole[0], from - w / 2),
      Math.max(charts.whole[0] + w, to - w / 2)])),
    button("Later ▶", {}, part((from, to, w) => [Math.min(charts.whole[1] - w, from + w / 2),
      Math.min(charts.whole[1], to + w / 2)])),
    button("Whole window", {}, () => charts.zoom(...charts.whole)), said);
  const made = section("time", "Over time", s.to_ns.length > 1 ? controls : null,
    s.to_ns.length > 1 ? shadingNote(target) : null,
    s.to_ns.length > 1 ? el("div", {class: "charts"}, figures)
      : note("The capture has no two moments to compare."));
  return {made, draw: () => { if (s.to_ns.length > 1) charts.draw(); }};
}
