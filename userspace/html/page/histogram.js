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

function histograms(target) {
  const waits = target.waits.map((w) => ({reason: w.reason || "(no reason)",
    buckets: addBuckets(addBuckets(new Map(), w.seen), w.by_sampling)}))
    .filter((w) => sum([...w.buckets.values()], (n) => n) > 0)
    .sort((a, b) => sum([...b.buckets.values()], (n) => n) - sum([...a.buckets.values()], (n) => n));
  const everything = new Map();
  for (const w of waits) addBuckets(everything, [...w.buckets]);
  const shown = el("div", {});
  const choose = (i) => shown.replaceChildren(histogram("Waits" + (i < 0 ? "" : `, ${waits[i].reason}`),
    i < 0 ? everything : waits[i].buckets, "No wait was seen from its beginning to its end."));
  const select = el("select", {onchange: () => choose(Number(select.value))},
    el("option", {value: -1}, "every reason"), waits.map((w, i) => el("option", {value: i}, w.reason)));
  choose(-1);
  const latency = target.summary.latency;
  return section("histograms", "How long",
    el("div", {class: "columns"},
      el("div", {}, el("h3", {}, "Waits"), el("div", {class: "toolbar"}, el("label", {}, "Reason ", select)), shown,
        note("Waits whose beginning and end were both seen, system calls among them. Those that go on are in the " +
          "tables, as blocked now.")),
      el("div", {}, el("h3", {}, "Scheduling latency"),
        note(`From runnable to running; ${latency.engine}, ${latency.quality}. ` +
          (latency.count === null ? "" : `p50 ${duration(latency.p50_ns)}, p99 ${duration(latency.p99_ns)}, ` +
            `max ${duration(latency.max_ns)}.`)),
        histogram("Latencies", addBuckets(new Map(), latency.histogram.map((b) => [b.upper_ns, b.count])),
          "No latency is known: neither did the run group see any, nor the runtime's own histogram."))));
}
