// The tables of a target, as sortableTable() takes them. Its rows that are not shown: target.rows.

function leftOut(rows, shown, name, figures) {
  if (rows.all <= shown) return null;
  return `The page holds ${count(shown)} of ${count(rows.all)} ${name}; the other ${count(rows.all - shown)} sum up to ` +
    figures.map(([value, unit]) => `${value} ${unit}`).join(", ") + ".";
}

function trustNote(table, hint = "Open a row for its stack.") {
  const whole = table.covered && table.covered.length > 0
    ? `, ${duration(sum(table.covered, ([from, to]) => to - from))} of the window seen` : "";
  return note(`From ${table.engine}, ${table.quality}${whole}. ${hint}`);
}

function wakersOf(row) {
  const all = sum(row.wakers, (w) => w.count) + row.wakers_other;
  if (all === 0) return note("None of these waits was seen to be ended.");
  return row.wakers.map((waker) => el("details", {},
    el("summary", {}, `${(100 * waker.count / all).toFixed(1)} % ${waker.kind} `,
      el("span", {class: "function"}, stackOf(waker.stack).length > 0 ? telling(stackOf(waker.stack)).name : "")),
    stackList(stackOf(waker.stack)))).concat(
    row.wakers_other > 0 ? [note(`${(100 * row.wakers_other / all).toFixed(1)} % others`)] : []);
}

const rowKey = (row, ...stacks) => [row, ...stacks.map((stack) => searchText(stackOf(stack)))].join("\n");

// target.row_waits: the histogram of each row's waits; absent: nobody has them.
function blockingRows(target) {
  const rows = target.summary.blocking, histogramOf = new Map(rows.map((row, i) => [row, (target.row_waits || [])[i]]));
  const all = sum(rows, (r) => r.in_window_ns) + target.rows.blocking.in_window_ns;
  const figure = (name, title, shown, hint) => ({title, hint, value: (r) => r[name], cell: (r) => shown(r[name])});
  const label = rows.some((r) => r.label !== null) ? [{title: rows[0].label ? rows[0].label.key : "label", text: true,
    value: (r) => (r.label && r.label.value) || "", cell: (r) => (r.label && (r.label.value || r.label.known)) || ""}] : [];
  return {name: "places where goroutines wait", rows, sortedBy: 2, empty: "No goroutine was seen to wait.",
    key: (r) => rowKey(`${r.reason}\n${r.label && r.label.value}\n${r.system}\n${r.other_stacks > 0}`, r.stack),
    columns: [
      figure("blocked_now", "blocked", count, "goroutines that wait there at the end"),
      {title: "oldest", hint: "how long the oldest of them has waited", value: (r) => r.oldest_ns,
        cell: (r) => (r.oldest_is_lower_bound && r.oldest_ns !== null ? "≥" : "") + duration(r.oldest_ns)},
      figure("in_window_ns", "in window", duration, "goroutine-time spent there within the window"),
      {title: "%", hint: "of all goroutine-time spent waiting", value: (r) => r.in_window_ns,
        cell: (r) => all > 0 && r.in_window_ns !== null ? (100 * r.in_window_ns / all).toFixed(1) : NO_FIGURE},
      figure("count", "count", count, "waits whose beginning and end were seen"),
      figure("mean_ns", "mean", duration), figure("p50_ns", "p50", duration), figure("p99_ns", "p99", duration),
      figure("max_ns", "max", duration), ...label,
      {title: "reason", text: true, value: (r) => r.reason || "", cell: (r) => r.reason || NO_FIGURE},
      {title: "where", text: true, value: (r) => telling(stackOf(r.stack)).name, cell: (r) => whereCell(stackOf(r.stack))}],
    text: (r) => `${r.reason} ${(r.label && r.label.value) || ""} ${searchText(stackOf(r.stack))}`,
    details: (r) => el("div", {class: "columns"},
      el("div", {}, el("h4", {}, "Stack"), stackList(stackOf(r.stack)), r.truncated ? note("It is deeper than was recorded.") : null),
      el("div", {}, el("h4", {}, "Woken by"), wakersOf(r)),
      histogramOf.get(r) ? el("div", {}, el("h4", {}, "How long"),
        histogram("Waits", histogramOf.get(r), "No wait was seen from its beginning to its end.")) : null),
    left: leftOut(target.rows.blocking, rows.length, "places", [
      [duration(target.rows.blocking.in_window_ns), "in the window"], [count(target.rows.blocking.count), "waits"],
      [count(target.rows.blocking.blocked_now), "blocked now"]])};
}

function blockingTable(target) {
  return section("blocking", "Where goroutines wait", trustNote(target.summary.tables.blocking),
    sortableTable(blockingRows(target)));
}

function originsOf(row) {
  if (row.origins.length === 0) return note("What led here is not known.");
  return row.origins.map((origin) => el("details", {},
    el("summary", {}, `${count(origin.live)} live, ${count(origin.created)} created`),
    origin.chain.map((link) => [link.function ? el("p", {class: "note"}, "go ", link.function) : null,
      stackList(stackOf(link.stack).length > 0 ? stackOf(link.stack) : stackOf(link.site))])));
}

const BY_RUNTIME = "Goroutine 1 has none: runtime.rt0_go made it, before there was a goroutine that could.";

function creationRows(target) {
  const rows = target.summary.creation;
  const figure = (name, title, shown, hint) => ({title, hint, value: (r) => r[name], cell: (r) => shown(r[name])});
  return {name: "places where goroutines are made", rows, sortedBy: 0, empty: "No goroutine is known.",
    key: (r) => `${r.gopc} ${r.startpc}`,
    columns: [
      figure("live", "live", count, "at the end"), figure("created", "created", count, "in the window"),
      figure("exited", "exited", count, "in the window"), figure("created_per_s", "per s", number),
      {title: "oldest", hint: "the age of the oldest that lives", value: (r) => r.oldest_ns,
        cell: (r) => (r.oldest_is_lower_bound && r.oldest_ns !== null ? "≥" : "") + duration(r.oldest_ns)},
      {title: "go statement", text: true, value: (r) => stackOf(r.site).length ? place(stackOf(r.site)[0]) : "",
        cell: (r) => r.by_runtime ? "the runtime itself" : stackOf(r.site).length ? whereCell(stackOf(r.site)) : NO_FIGURE},
      {title: "goroutine", text: true, value: (r) => r.function, cell: (r) => el("span", {class: "function"}, r.function)}],
    text: (r) => `${r.function} ${searchText(stackOf(r.site))}`,
    details: (r) => el("div", {class: "columns"},
      el("div", {}, el("h4", {}, "Stacks at the go statement"), r.by_runtime ? note(BY_RUNTIME) : r.stacks.length === 0 ? note("None was seen.")
        : r.stacks.map((s, i) => el("details", {open: i === 0},
          el("summary", {}, `${count(s.created)} created`), stackList(stackOf(s.stack))))),
      el("div", {}, el("h4", {}, "What led to them"), originsOf(r))),
    left: leftOut(target.rows.creation, rows.length, "places", [[count(target.rows.creation.live), "live"],
      [count(target.rows.creation.created), "created"], [count(target.rows.creation.exited), "exited"]])};
}

function creationTable(target) {
  return section("creation", "Where goroutines are made", trustNote(target.summary.tables.creation),
    sortableTable(creationRows(target)));
}

function objectsRows(target) {
  const rows = target.summary.objects;
  const figure = (name, title, shown) => ({title, value: (r) => r[name], cell: (r) => shown(r[name])});
  const semaphores = rows.some((r) => r.acquires !== null), operations = rows.some((r) => r.sends !== null);
  return {name: "objects that goroutines wait for", rows, sortedBy: 2, empty: "No object is known.",
    key: (r) => `${r.object.kind} ${r.object.address}`,
    columns: [figure("blocked_now", "blocked", count), figure("waits", "waits", count),
      figure("in_window_ns", "in window", duration),
      ...(operations ? [figure("sends", "sends", count), figure("receives", "receives", count)] : []),
      ...(semaphores ? [figure("acquires", "acquires", count), figure("releases", "releases", count)] : []),
      {title: "object", text: true, value: (r) => r.object.kind, cell: (r) => el("span", {class: "function"},
        `${r.object.kind} 0x${Number(r.object.address).toString(16)}`)}],
    text: (r) => `${r.object.kind} ${r.releasers.map((w) => searchText(stackOf(w.stack))).join(" ")}`,
    details: (r) => el("div", {}, el("h4", {}, "Released by"), r.releasers.length === 0 ? note("Nobody was seen to.")
      : r.releasers.map((w) => el("details", {}, el("summary", {}, `${count(w.count)} `,
        el("span", {class: "function"}, stackOf(w.stack).length ? telling(stackOf(w.stack)).name : w.kind)),
      stackList(stackOf(w.stack))))),
    left: leftOut(target.rows.objects, rows.length, "objects", [[count(target.rows.objects.waits), "waits"],
      [duration(target.rows.objects.in_window_ns), "in the window"],
      [count(target.rows.objects.blocked_now), "blocked now"]])};
}

function objectsTable(target) {
  return target.summary.objects.length === 0 ? null : section("objects", "What goroutines wait for",
    trustNote(target.summary.tables.objects), sortableTable(objectsRows(target)));
}
