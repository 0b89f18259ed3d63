// What ended the process, and what was thrown in it.

const valueText = (v) => [v.type, v.text === null ? null : `“${v.text}${v.text_is_cut ? "…" : ""}”`].filter(Boolean).join(" ");

function endText(end) {
  const interrupted = end.interrupted === "goroutine" ? "interrupted " : "";
  const how = [end.interrupted === "no_goroutine" ? "on a thread that ran no goroutine" :
    end.goid === null ? null : `${interrupted}goroutine ${end.goid}`, `${duration(end.at_ns)} into the window`,
    end.exit_status === null ? null : `exit status ${end.exit_status}`];
  return `${end.says} (${how.filter(Boolean).join(", ")})`;
}

// Where no function can be named.
const placeText = (row) => !row.recovered ? "nobody: its goroutine ended" : stackOf(row.recovered_in).length > 0 ? "" : "not known";

function panicsTable(target) {
  const p = target.summary.panics, end = target.summary.process_end;
  if (!end && !p.thrown) return null;
  return section("panics", "How it ended, and panics",
    end ? el("div", {}, el("h3", {}, "Ended: " + endText(end)),
      stackOf(end.stack).length > 0 ? stackList(stackOf(end.stack)) :
      end.interrupted === "no_goroutine" ? null : note("Where that was is not known.")) : null,
    p.thrown ? note(`${count(p.thrown)} panics were thrown, ${count(p.recovered)} recovered.`) : null,
    p.thrown ? sortableTable({name: "panics", rows: p.rows, sortedBy: 0, empty: "None of them has ended.",
      columns: [{title: "count", value: (r) => r.count, cell: (r) => count(r.count)},
        {title: "last", hint: "the time of the last one", value: (r) => r.last_ns, cell: (r) => duration(r.last_ns)},
        {title: "value", text: true, value: valueText, cell: (r) => valueText(r) || NO_FIGURE},
        {title: "thrown at", text: true, value: (r) => telling(stackOf(r.stack)).name, cell: (r) => whereCell(stackOf(r.stack))},
        {title: "recovered in", text: true, value: (r) => placeText(r) || telling(stackOf(r.recovered_in)).name,
          cell: (r) => placeText(r) || whereCell(stackOf(r.recovered_in))}],
      text: (r) => `${valueText(r)} ${searchText(stackOf(r.stack))} ${placeText(r)} ${searchText(stackOf(r.recovered_in))}`,
      details: (r) => stackList(stackOf(r.stack)),
      left: leftOut(target.rows.panics, p.rows.length, "panics", [[count(target.rows.panics.count), "thrown"]])}) : null);
}
