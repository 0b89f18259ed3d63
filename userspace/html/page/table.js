// A table that sorts by any column, filters by text, and unfolds a row.
//
// columns: {title, hint, value(row): what is sorted by, cell(row): what is shown (text or nodes), text: left-aligned}.
// text(row): what the filter looks through. details(row): what an unfolded row shows.

const ROWS_AT_FIRST = 20;

function sortableTable({name, rows, columns, sortedBy, text, details, left, empty}) {
  let by = sortedBy, descending = true, all = false;
  const open = new Set();
  const texts = new Map(rows.map((row) => [row, text(row).toLowerCase()]));
  const filter = el("input", {type: "search", placeholder: "Filter: function, file, reason …",
    "aria-label": `Filter ${name}`, oninput: () => render()});
  const said = el("span", {class: "shown", role: "status"});
  const body = el("tbody");
  const more = button("", {class: "more"}, () => { all = !all; render(); });
  const heads = columns.map((column, i) => el("th", {scope: "col", class: column.text ? "text" : null},
    button(column.title, {title: column.hint || null}, () => {
      descending = by === i ? !descending : !column.text;
      by = i;
      render();
    })));

  function matching() {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    return rows.filter((row) => words.every((word) => texts.get(row).includes(word)));
  }
  function compare(a, b) {
    const [x, y] = [columns[by].value(a), columns[by].value(b)];
    if (x === null || x === undefined || y === null || y === undefined) // no figure: last, either way
      return (x === null || x === undefined) - (y === null || y === undefined);
    const order = x < y ? -1 : x > y ? 1 : 0;
    return descending ? -order : order;
  }
  function unfold(row) {
    if (!open.delete(row)) open.add(row);
    render();
    const again = body.querySelector(`[data-row="${rows.indexOf(row)}"] button`);
    if (again) again.focus();
  }
  function lines(row) {
    const isOpen = open.has(row), index = rows.indexOf(row);
    const cells = columns.map((column, i) => {
      const shown = column.cell(row);
      const content = details && i === columns.length - 1
        ? button(shown, {class: "unfold", "aria-expanded": String(isOpen)}, () => unfold(row)) : shown;
      return el("td", {class: column.text ? "text" : null, "data-title": column.title}, content);
    });
    const line = el("tr", {"data-row": index, class: isOpen ? "open" : null}, cells);
    return isOpen ? [line, el("tr", {class: "details"}, el("td", {colspan: columns.length}, details(row)))] : [line];
  }
  function render() {
    const found = matching().sort(compare);
    const shown = all ? found : found.slice(0, ROWS_AT_FIRST);
    heads.forEach((head, i) => {
      if (i === by) head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    body.replaceChildren(...(shown.length > 0 ? shown.flatMap(lines)
      : [el("tr", {class: "none"}, el("td", {colspan: columns.length}, rows.length > 0 ? "No row matches." : empty))]));
    said.textContent = found.length === rows.length ? `${count(rows.length)} rows`
      : `${count(found.length)} of ${count(rows.length)} rows`;
    more.hidden = found.length <= ROWS_AT_FIRST;
    more.textContent = all ? `Show the first ${ROWS_AT_FIRST}` : `Show all ${count(found.length)} rows`;
  }
  render();
  return el("div", {class: "table-block"},
    el("div", {class: "toolbar"}, filter, said),
    el("div", {class: "scrolls", tabindex: 0, role: "region", "aria-label": name},
      el("table", {}, el("caption", {class: "hidden"}, name), el("thead", {}, el("tr", {}, heads)), body)),
    more, left ? note(left) : null);
}

function stackList(frames) {
  if (frames.length === 0) return el("p", {class: "note"}, "The stack is not known.");
  return el("ol", {class: "stack"}, frames.map((frame) => el("li", {class: frame.whose},
    el("span", {class: "function"}, frame.name), " ",
    el("span", {class: "place", title: frame.file}, place(frame) + (frame.inlined ? " (inlined)" : "")))));
}
