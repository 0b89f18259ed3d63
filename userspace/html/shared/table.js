// A table that sorts by any column, filters by text, and unfolds a row.
//
// columns: {title, hint, value(row): what is sorted by, cell(row): what is shown (text or nodes), text: left-aligned}.
// text(row): what the filter looks through. details(row): what an unfolded row shows, as it is at that moment.
// key(row): by which a row is known again when update() brings other figures; without it a row is its own.

const ROWS_AT_FIRST = 20;

// The children in that order; nothing that is in its place already is touched, for it may have the focus.
function arrange(parent, wanted) {
  let at = parent.firstChild;
  for (const node of wanted) {
    if (node === at) at = at.nextSibling;
    else parent.insertBefore(node, at);
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

function say(element, text) { // a screen reader speaks only what is new
  if (element.textContent !== text) element.textContent = text;
}

// Of several rows with one key the second has another one, and so on.
function keysOf({rows, key}) {
  const times = new Map(), keys = new Map();
  for (const row of rows) {
    const own = key ? key(row) : row, before = times.get(own) || 0;
    times.set(own, before + 1);
    keys.set(row, before > 0 ? `${own}\n${before}` : own);
  }
  return keys;
}

const textOf = (content) => [content].flat().map((part) => part.nodeType ? part.textContent : part).join("");

// The element; its update(spec) shows other rows in the same order, with the same filter and the same rows unfolded.
function sortableTable(spec) {
  let by = spec.columns[spec.sortedBy].title, descending = true, all = false, made = 0;
  const lines = new Map();  // by key: {line, cells, row, details}
  let keys = keysOf(spec);
  const filter = el("input", {type: "search", placeholder: spec.placeholder || "Filter: function, file, reason …",
    "aria-label": `Filter ${spec.name}`, oninput: () => render()});
  const said = el("span", {class: "shown", role: "status"});
  const head = el("tr"), body = el("tbody"), left = el("p", {class: "note"});
  const more = button("", {class: "more"}, () => { all = !all; render(); });
  const region = el("div", {class: "scrolls", tabindex: 0, role: "region", "aria-label": spec.name},
    el("table", {}, el("caption", {class: "hidden"}, spec.name), el("thead", {}, head), body));

  function drawHead() {
    if (!spec.columns.some((column) => column.title === by)) by = spec.columns[0].title;
    head.replaceChildren(...spec.columns.map((column) => el("th", {scope: "col", class: column.text ? "text" : null},
      button(column.title, {title: column.hint || null}, () => {
        descending = by === column.title ? !descending : !column.text;
        by = column.title;
        render();
      }))));
  }
  function matching() {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length === 0) return [...spec.rows];
    return spec.rows.filter((row) => {
      const text = spec.text(row).toLowerCase();
      return words.every((word) => text.includes(word));
    });
  }
  function inOrder(rows) {
    const {value} = spec.columns.find((column) => column.title === by);
    const missing = (figure) => figure === null || figure === undefined;
    return rows.map((row) => [value(row), row]).sort(([x], [y]) => {
      if (missing(x) || missing(y)) return missing(x) - missing(y);  // no figure: last, either way
      const order = x < y ? -1 : x > y ? 1 : 0;
      return descending ? -order : order;
    }).map(([, row]) => row);
  }
  function unfold(line) {
    line.details = line.details ? null
      : el("tr", {class: "details"}, el("td", {colspan: spec.columns.length}, spec.details(line.row)));
    render();
  }
  function newLine() {
    const line = {details: null, row: null, cells: spec.columns.map((column, i) => {
      const cell = el("td", {class: column.text ? "text" : null, "data-title": column.title});
      const unfolds = spec.details && i === spec.columns.length - 1;
      const holder = unfolds ? button(null, {class: "unfold", "aria-expanded": "false"}, () => unfold(line)) : cell;
      if (unfolds) cell.append(holder);
      return {cell, holder, text: null};
    })};
    line.line = el("tr", {"data-row": made++}, line.cells.map(({cell}) => cell));
    return line;
  }
  function lineOf(row) {
    const key = keys.get(row);
    if (!lines.has(key)) lines.set(key, newLine());
    const line = lines.get(key);
    if (line.row !== row) {
      line.row = row;
      line.cells.forEach((cell, i) => {
        const content = spec.columns[i].cell(row), text = textOf(content);
        if (cell.text !== text) cell.holder.replaceChildren(...[content].flat());
        cell.text = text;
      });
    }
    line.line.classList.toggle("open", line.details !== null);
    const last = line.cells[line.cells.length - 1].holder;
    if (spec.details) last.setAttribute("aria-expanded", String(line.details !== null));
    return line.details ? [line.line, line.details] : [line.line];
  }
  function render() {
    const had = region.contains(document.activeElement) ? document.activeElement : null;
    const found = inOrder(matching());
    const shown = all ? found : found.slice(0, ROWS_AT_FIRST);
    spec.columns.forEach((column, i) => {
      if (column.title === by) head.cells[i].setAttribute("aria-sort", descending ? "descending" : "ascending");
      else head.cells[i].removeAttribute("aria-sort");
    });
    arrange(body, shown.length > 0 ? shown.flatMap(lineOf) : [el("tr", {class: "none"},
      el("td", {colspan: spec.columns.length}, spec.rows.length > 0 ? "No row matches." : spec.empty))]);
    say(said, found.length === spec.rows.length ? `${count(spec.rows.length)} rows`
      : `${count(found.length)} of ${count(spec.rows.length)} rows`);
    more.hidden = found.length <= ROWS_AT_FIRST;
    say(more, all ? `Show the first ${ROWS_AT_FIRST}` : `Show all ${count(found.length)} rows`);
    left.hidden = !spec.left;
    say(left, spec.left || "");
    if (had && document.activeElement !== had) (had.isConnected ? had : region).focus({preventScroll: true});
  }
  const block = el("div", {class: "table-block"}, el("div", {class: "toolbar"}, filter, said), region, more, left);
  block.update = (next) => {
    const titles = (columns) => columns.map((column) => column.title).join("\n");
    const other = titles(next.columns) !== titles(spec.columns);
    spec = next;
    if (other) {
      lines.clear();
      drawHead();
    }
    keys = keysOf(spec);
    const known = new Set(keys.values());
    for (const key of lines.keys()) if (!known.has(key)) lines.delete(key);
    render();
  };
  drawHead();
  render();
  return block;
}
