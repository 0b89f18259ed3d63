// When the world stood still, and collections.

// The page has the last of them; null: nothing is shaded.
function shadingNote(target) {
  if (target.pauses.length + target.collections.length === 0) return null;
  const key = (colour, label) => el("span", {class: "key"},
    el("i", {class: "swatch", style: {background: `var(${colour})`}}), label);
  const shown = (name, spans, all) => all > spans.length ? [`Of ${count(all)} ${name} the last ${count(spans.length)} are shaded.`] : [];
  const p = target.summary.pauses;
  return el("div", {class: "values shading"}, key("--pause", "the world stood still"), key("--marking", "a collection went on"),
    [...shown("pauses", target.pauses, p.count), ...shown("collections", target.collections, p.collections.count)].join(" "));
}

function pausesTable(target) {
  const p = target.summary.pauses, gc = p.collections, window = target.summary.window_ns;
  if (p.count === null) return null;
  const figure = (name, title, shown, hint) => ({title, hint, value: (r) => r[name], cell: (r) => shown(r[name])});
  const part = (ns) => window > 0 ? `, ${(100 * ns / window).toFixed(2)} % of the window` : "";
  const held = target.summary.latency;
  return section("pauses", "GC and stop-the-world",
    note(`From ${p.engine}, ${p.quality.replaceAll("_", " ")}. ${count(p.count)} pauses, ${duration(p.in_window_ns)} in all` +
      `${part(p.in_window_ns)}; ${count(gc.count)} collections, ${duration(gc.in_window_ns)}${part(gc.in_window_ns)}. ` +
      (p.tainted + gc.tainted > 0 ? `Of ${count(p.tainted + gc.tainted)} more one end was not seen. ` : "") +
      (held.held_up ? `They held up ${count(held.held_up)} runs, for ${duration(held.stopped_ns)} of their latency.` : "")),
    sortableTable({name: "reasons of pauses", rows: p.by_reason, sortedBy: 0, empty: "The world did not stand still.",
      columns: [figure("in_window_ns", "in window", duration, "for so long the world stood still"),
        figure("count", "count", count, "pauses whose beginning and end were seen"),
        figure("mean_ns", "mean", duration), figure("p50_ns", "p50", duration), figure("p99_ns", "p99", duration),
        figure("max_ns", "max", duration), {title: "reason", text: true, value: (r) => r.reason, cell: (r) => r.reason}],
      text: (r) => r.reason,
      details: (r) => histogram("Pauses", addBuckets(new Map(), r.histogram.map((b) => [b.upper_ns, b.count])),
        "None was seen from its beginning to its end.")}));
}
