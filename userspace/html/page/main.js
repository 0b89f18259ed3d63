// Puts the page together: a target at a time.

let charts = null;

function flames(target) {
  const empty = "Nothing of the kind was seen.";
  return section("flames", "Flame graphs", tabList("Flame graphs", [
    {label: "Blocked time", show: () => flameGraph({name: "blocked time", paths: blockedPaths(target), format: duration, empty})},
    {label: "Who made whom wait", show: () => flameGraph({name: "who made whom wait", paths: offwakePaths(target), format: duration, empty})},
    {label: "Created", show: () => flameGraph({name: "created goroutines", paths: createdPaths(target),
      format: (n) => count(n) + " created", empty})},
    {label: "Live", show: () => flameGraph({name: "live goroutines", paths: livePaths(target),
      format: (n) => count(n) + " live", empty})}]),
  note("Root at the top. A frame is as wide as the time, or the number of goroutines, below it. Click or Enter " +
    "zooms, Escape goes back, arrows walk. Below a wait reason stands, in the second graph, who ended the waits."));
}

function show(target) {
  const time = overTime(target);
  charts = time;
  main.replaceChildren(...[overview(target), panicsTable(target), time.made, flames(target), blockingTable(target), creationTable(target),
    objectsTable(target), pausesTable(target), histograms(target), costAndLosses(target)].filter(Boolean));
  document.getElementById("program").textContent = target.program;
  time.draw();
}

function head() {
  const parts = [capture.file];
  const begins = capture.targets.map((t) => t.begin_utc_ms).filter((ms) => ms !== null);
  if (begins.length > 0) parts.push(`recorded ${utc(Math.min(...begins))}`);
  if (capture.lost > 0) parts.push(`${count(capture.lost)} events lost`);
  if (capture.from_ns !== null || capture.to_ns !== null)
    parts.push(`only ${capture.from_ns === null ? "its begin" : duration(capture.from_ns)} to ` +
      `${capture.to_ns === null ? "its end" : duration(capture.to_ns)} of the window`);
  if (capture.targets_left_out > 0) parts.push(`${count(capture.targets_left_out)} more targets are not on this page`);
  if (capture.stacks_left_out > 0) parts.push(`${count(capture.stacks_left_out)} stacks found no room on this page`);
  document.getElementById("file").textContent = parts.join(" · ");
  document.getElementById("version").textContent = capture.version;
  if (capture.targets.length < 2) return;
  const select = el("select", {onchange: () => show(capture.targets[Number(select.value)])},
    capture.targets.map((t, i) => el("option", {value: i}, `${t.summary.target.pid} ${t.program}`)));
  document.getElementById("target").replaceChildren(el("label", {}, "Process ", select));
}

head();
if (capture.targets.length > 0) show(capture.targets[0]);
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => charts && charts.draw());
