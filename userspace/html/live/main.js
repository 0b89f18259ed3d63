// Asks the agent again and again, and shows what it says.

const node = new NodeReadings();
const part = Object.fromEntries(["way", "title", "file", "pause", "when", "alert", "said", "sections"].map((id) =>
  [id, document.getElementById(id)]));
let view = null, list = null, lost = false;

function setTitle() {
  const title = typeof view.title === "function" ? view.title(list) : view.title;
  say(part.title, title);
  if (document.title !== `${title} - gorotrace`) document.title = `${title} - gorotrace`;
}

function open(hash) {
  const id = processOf(hash);
  view = id === null ? processesView(node) : processView(id, node);
  part.way.hidden = id === null;
  part.sections.hidden = view.sections.length === 0;
  part.sections.firstElementChild.replaceChildren(...view.sections.map(([to, title]) =>
    el("li", {}, el("a", {href: `#${to}`}, title))));
  main.replaceChildren(...view.made);
  setTitle();
}

function answered() {
  say(part.when, `${repeat.paused ? "Paused; read" : "Read"} at ${utc(list.unix_ns / 1e6)}`);
  if (lost) say(part.said, "The agent answers again.");
  lost = false;
  say(part.alert, "");
}

function failed(error) {
  if (!lost) part.alert.dataset.since = utc(Date.now());
  lost = true;
  const since = `since ${part.alert.dataset.since}`;
  const what = error.status === 0 ? `does not answer, ${since}: ${error.message}`
    : `refuses, ${since}: ${error.message} (${error.status})`;
  say(part.alert, `The agent ${what}. What is shown is of before.`);
}

async function look() {
  const of = view;
  try {
    const both = await Promise.all([jsonOf("/targets"), !of.id ? null : jsonOf(`/targets/${of.id}/stat`)
      .then((summary) => ({summary}), (error) => ({summary: null, reason: error.message, status: error.status}))]);
    list = both[0];
    node.add(list);
    answered();
    if (of !== view) return;
    setTitle();
    if (of.id) of.show(list, both[1].summary, both[1].reason);
    else of.show(list);
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    failed(error);
  }
}

const repeat = new Repeat(look);
part.pause.addEventListener("click", () => {
  const paused = !repeat.paused;
  part.pause.setAttribute("aria-pressed", String(paused));
  repeat.pause(paused);
  if (list) say(part.when, `${paused ? "Paused; read" : "Read"} at ${utc(list.unix_ns / 1e6)}`);
});
window.addEventListener("hashchange", () => {
  open(location.hash);
  window.scrollTo(0, 0);
  part.title.focus();
  if (list && repeat.stopped) look();  // once, to have something to show
  else repeat.now();
});
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => view.redraw && view.redraw());
open(location.hash);
repeat.now();
