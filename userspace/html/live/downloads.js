// Files of one process. Each is asked for by the script, not by following the link: the reason why there is none is then
// said here, and what takes time can be given up, which ends it in the agent, too.

const DOWNLOADS = [
  {path: "debug/pprof/goroutine?debug=2", what: "Goroutines as text", file: "goroutines.txt", takes: 0,
    of: "every goroutine with its stack, as a crash prints them"},
  {path: "debug/pprof/goroutine", what: "Goroutine profile", of: "for go tool pprof", file: "goroutine.pb.gz", takes: 0},
  {path: "debug/pprof/trace?seconds=5", what: "Execution trace, 5 s", of: "for go tool trace; sets probes while it takes",
    file: "trace.out", takes: 5},
  {path: "capture?seconds=10", what: "Capture, 10 s", of: "for gorotrace report and export; sets probes while it takes",
    file: "capture.gtr", takes: 10}];

function saveAs(blob, name) {
  const link = el("a", {href: URL.createObjectURL(blob), download: name});
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

function downloadItem(target, {path, what, of, file, takes}) {
  const name = `${programName(target).replace(/[^\w.-]+/g, "_").slice(0, 64)}-${target.host_pid}-${file}`;
  const href = `/targets/${target.id}/${path}`;
  const said = el("p", {class: "shown", role: "status"});
  let running = null;
  const stop = button("Give up", {hidden: true, "aria-label": `Give up: ${what}`},
    () => running && running.abort(new Error("given up")));
  async function take(event) {
    event.preventDefault();
    if (running) return;
    running = new AbortController();
    stop.hidden = false;
    said.className = "shown";
    say(said, takes > 0 ? `This takes ${takes} s …` : "Asked for …");
    try {
      const response = await askFor(href, running.signal);
      saveAs(await response.blob(), name);
      const told = ["X-Gorotrace-Ended", "Gorotrace-Note"].map((header) => response.headers.get(header)).filter(Boolean);
      say(said, [`Saved as ${name}.`, ...told].join(" "));
    } catch (error) {
      said.className = "failed";
      say(said, running.signal.aborted ? "Given up." : `Not to be had: ${error.message}`);
    }
    running = null;
    stop.hidden = true;
  }
  return el("li", {},
    el("p", {}, el("a", {href, download: name, onclick: take}, what), " ", el("span", {class: "more-of"}, of)),
    el("div", {class: "toolbar"}, said, stop));
}

function downloads(target) {
  return section("downloads", "Downloads",
    note("While a trace or a capture is taken, probes are in the process; the agent's configuration says how much " +
      "they may slow it down, and whether they may be set at all."),
    el("ul", {class: "downloads"}, DOWNLOADS.map((item) => downloadItem(target, item))));
}
