// What tracing took, what was lost, and how far each table can be trusted.

function factTable(title, rows) {
  return el("table", {class: "plain"}, el("caption", {}, title),
    el("tbody", {}, rows.map(([name, value]) => el("tr", {}, el("th", {scope: "row"}, name), el("td", {}, value)))));
}

function coverage(table, window) {
  if (!table.covered || table.covered.length === 0) return NO_FIGURE;
  const seen = sum(table.covered, ([from, to]) => Math.min(to, window) - Math.min(from, window));
  return window > 0 ? percent(100 * seen / window) : NO_FIGURE;
}

function costAndLosses(target) {
  const s = target.summary, cost = s.cost, events = s.events;
  const tables = [["goroutine-seconds", s.goroutine_seconds], ["goroutines", s.goroutines],
    ["where goroutines wait", s.tables.blocking], ["system calls", s.tables.syscall_sites],
    ["where goroutines are made", s.tables.creation], ["objects", s.tables.objects], ["latency", s.latency],
    ...(s.pauses.count === null ? [] : [["GC and stop-the-world", s.pauses]])];
  const reasons = Object.entries(events.by_reason).filter(([, n]) => n > 0);
  const failed = Object.entries(events.stack_failed).filter(([, n]) => n > 0);
  const check = s.cross_check;
  return section("cost", "Cost, losses and trust", el("div", {class: "columns"},
    factTable("Cost to the target", [
      ["of its CPU time", percent(cost.target_cpu_percent)], ["of one CPU", percent(cost.of_one_cpu_percent)],
      ["probe hits", count(cost.hits)], ["charged", duration(cost.charged_ns)],
      ...(cost.calibrated_ns ? [["a trap here", duration(cost.calibrated_ns.emulated)]] : []),
      ...cost.detached.map((d) => [`${d.group} detached at ${duration(d.at_ns)}`, d.reason]),
      ...(cost.phases ? [[`${cost.phases.groups.join(", ")} in ${count(cost.phases.count)} phases`, cost.phases.reason]] : []),
      ["quality", cost.quality]]),
    factTable("Events", [
      ["produced", count(events.produced)], ["received", count(events.received)], ["lost", count(events.dropped)],
      ...reasons.map(([reason, n]) => [`lost: ${reason}`, count(n)]),
      ["gaps", count(events.gaps)], ["late", count(events.late)], ["not allowed by the state machine", count(events.illegal)],
      ["without a stack", count(events.without_stack)], ...failed.map(([reason, n]) => [`no stack: ${reason}`, count(n)]),
      ["rows folded", count(events.rows_folded)]]),
    el("table", {class: "plain"}, el("caption", {}, "Where each figure comes from"),
      el("thead", {}, el("tr", {}, ["table", "source", "quality", "of the window"].map((t) => el("th", {scope: "col"}, t)))),
      el("tbody", {}, tables.map(([name, t]) => el("tr", {}, el("th", {scope: "row"}, name), el("td", {}, t.engine),
        el("td", {}, t.quality.replaceAll("_", " ")), el("td", {}, coverage(t, s.window_ns)))))),
    check ? factTable("Cross-check: the runtime's counters against the probes", ["created", "exited"].map((name) =>
      [name, `${count(check[name].counters)}, probes ${count(check[name].probes[0])} to ` +
        `${count(check[name].probes[1])}: ${check[name].verdict}`])) : null));
}
