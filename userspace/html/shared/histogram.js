// Durations by powers of two. buckets: [upper bound in ns, count], ascending.

function addBuckets(into, buckets) {
  for (const [upper, n] of buckets) into.set(upper, (into.get(upper) || 0) + n);
  return into;
}

function histogram(name, buckets, empty) {
  const all = [...buckets].filter(([, n]) => n > 0).sort((a, b) => a[0] - b[0]);
  if (all.length === 0) return note(empty);
  const counts = new Map(all), bars = [];
  const last = all[all.length - 1][0];
  for (let upper = all[0][0]; upper <= last; upper *= 2) bars.push([upper, counts.get(upper) || 0]);
  if (!bars.some(([upper]) => upper === last)) bars.push([last, counts.get(last)]);
  const most = Math.max(...bars.map(([, n]) => n)), total = sum(bars, ([, n]) => n);
  return el("table", {class: "histogram"}, el("caption", {}, `${name}: ${count(total)}`),
    el("thead", {class: "hidden"}, el("tr", {}, ["shorter than", "count", "share", "bar"].map((t) => el("th", {scope: "col"}, t)))),
    el("tbody", {}, bars.map(([upper, n]) => el("tr", {},
      el("th", {scope: "row"}, "< " + duration(upper)), el("td", {}, count(n)),
      el("td", {}, n > 0 ? (100 * n / total).toFixed(1) + " %" : ""),
      el("td", {class: "bar", "aria-hidden": "true"},
        el("div", {style: {width: 100 * n / most + "%"}}))))));
}
