// The node's Go processes.

const baseName = (path) => path.slice(path.lastIndexOf("/") + 1) || path;
// As -p takes it: a library's name behind that of the program that has loaded it.
const programName = (target) => target.runtime_file === target.exe ? baseName(target.exe)
  : `${baseName(target.exe)}:${baseName(target.runtime_file)}`;
const STATES = {watched: "watched", starting: "being looked at", excluded: "excluded", opted_out: "opted out",
  refused: "refused", held_up: "held up"};

const signed = (n) => n === null ? NO_FIGURE : n > 0 ? `+${count(n)}` : n < 0 ? `−${count(-n)}` : "0";

function whereItRuns({container}) {
  return [container.namespace, container.pod, container.name || (container.id || "").slice(0, 12)].filter(Boolean).join("/");
}

function processRows(targets, node) {
  const figure = (title, hint, value, shown) => ({title, hint, value, cell: (t) => shown(value(t))});
  const somewhere = targets.some((t) => whereItRuns(t) !== "");
  return {name: "Go processes", rows: targets, sortedBy: 0, empty: "No Go process is known.", key: (t) => t.id,
    placeholder: "Filter: program, PID, user, pod, state …",
    columns: [
      figure("goroutines", "that live now", (t) => t.goroutines, count),
      figure("blocked", "goroutines that wait now", (t) => t.blocked, count),
      figure("growth", "of the goroutines, since this page keeps readings", (t) => node.growth(t.id), signed),
      figure("cost", "what watching it takes, of one CPU, over the last minute", (t) => node.cost(t.id), percent),
      {title: "state", text: true, value: (t) => STATES[t.state] || t.state, cell: (t) =>
        [el("span", {class: "state"}, STATES[t.state] || t.state), " ", t.reason ? el("span", {class: "why"}, t.reason) : ""]},
      {title: "user", text: true, value: (t) => t.user || "", cell: (t) => t.user || NO_FIGURE},
      ...(somewhere ? [{title: "container", text: true, value: whereItRuns, cell: (t) => whereItRuns(t) || NO_FIGURE}] : []),
      {title: "Go", text: true, value: (t) => t.go_version || "", cell: (t) => t.go_version || NO_FIGURE},
      {title: "process", text: true, value: programName, cell: (t) => [
        el("a", {href: `#/targets/${t.id}`, class: "function", title: t.runtime_file}, programName(t)), " ",
        el("span", {class: "more-of"}, `PID ${t.host_pid}`)]}],
    text: (t) => [t.exe, t.runtime_file, `PID ${t.host_pid}`, t.id, t.user, t.main_module, t.go_version, whereItRuns(t), t.container.id,
      t.cgroup, STATES[t.state], t.state, t.reason].filter(Boolean).join(" ")};
}

// The view of the node. show(list): what /targets says now.
function processesView(node) {
  const notices = el("ul", {class: "notices", hidden: true}), note = el("p", {class: "note"});
  const table = sortableTable(processRows([], node));
  const made = section("processes", "Go processes", notices, note, table);
  return {made: [made], title: `Go processes of ${location.host}`, sections: [], show: (list) => {
    table.update(processRows(list.targets, node));
    notices.hidden = list.notices.length === 0;
    notices.replaceChildren(...list.notices.map((line) => el("li", {}, line)));
    const watched = list.targets.filter((t) => t.state === "watched").length;
    say(note, (list.ready ? "" : "The agent has not looked at every process of the node yet. ") +
      `${count(watched)} of ${count(list.targets.length)} are watched. Open one by its name.`);
  }};
}
