// How long waits and latencies are, of a target of the report.

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
