// Frames of stacks, leaf first: {name, file, line, inlined, whose}. Each page has a stackOf() that makes them of what
// its data has for a stack.

function place(frame) {
  const file = frame.file.slice(frame.file.lastIndexOf("/") + 1);
  return file ? `${file}:${frame.line}` : "";
}

// The one frame to name a stack by: the innermost of the program, else the outermost of the library, else the leaf.
function telling(frames) {
  return frames.find((frame) => frame.whose === "own") || frames.findLast((frame) => frame.whose === "standard") ||
    frames[0] || {name: "(stack not known)", file: "", line: 0};
}

function sum(rows, figure) {
  return rows.reduce((total, row) => total + (figure(row) || 0), 0);
}

function whereCell(frames) {
  const frame = telling(frames);
  return [el("span", {class: "function"}, frame.name), el("span", {class: "place"}, place(frame))];
}

const searchText = (frames) => frames.map((frame) => `${frame.name} ${frame.file}:${frame.line}`).join(" ");

function stackList(frames) {
  if (frames.length === 0) return el("p", {class: "note"}, "The stack is not known.");
  return el("ol", {class: "stack"}, frames.map((frame) => el("li", {class: frame.whose},
    el("span", {class: "function"}, frame.name), " ",
    el("span", {class: "place", title: frame.file}, place(frame) + (frame.inlined ? " (inlined)" : "")))));
}
