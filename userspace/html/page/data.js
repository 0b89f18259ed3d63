// What the page shows: what gorotrace wrote into it.

const capture = JSON.parse(document.getElementById("capture").textContent);

// Frames of a stack by its number, leaf first.
function stackOf(id) {
  return capture.stacks[id].map((frame) => {
    const [text, file, line, inlined, whose] = capture.frames[frame];
    return {name: capture.texts[text], file: capture.texts[file], line, inlined: inlined === 1,
      whose: ["runtime", "standard", "own"][whose]};
  });
}
