// What the page shows: what gorotrace wrote into it.

const main = document.getElementById("main");
const capture = JSON.parse(document.getElementById("capture").textContent);

// Frames of a stack by its number, leaf first.
function stackOf(id) {
  return capture.stacks[id].map((frame) => {
    const [text, file, line, inlined, whose] = capture.frames[frame];
    return {name: capture.texts[text], file: capture.texts[file], line, inlined: inlined === 1,
      whose: ["runtime", "standard", "own"][whose]};
  });
}

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
