// One process: what /targets says of it, what its summary says, and what the page has kept.

// Its tables as the report's are drawn from; of what the agent leaves out it says no sums.
const NOTHING_LEFT_OUT = {all: 0, in_window_ns: 0, count: 0, blocked_now: 0, live: 0, created: 0, exited: 0, waits: 0};
const shownTarget = (summary) =>
  ({summary, rows: {blocking: NOTHING_LEFT_OUT, creation: NOTHING_LEFT_OUT, objects: NOTHING_LEFT_OUT}});

// Without columns of which no row has a figure: sampling counts no waits.
function withFigures(spec) {
  const has = (column) => column.text || spec.rows.some((row) => ![null, undefined].includes(column.value(row)));
  const sorted = spec.columns[spec.sortedBy];
  const columns = spec.columns.filter((column) => column === sorted || has(column));
  return {...spec, columns, sortedBy: columns.indexOf(sorted)};
}

// A section that has content once there is a summary. make(target): the element, with update(...of(target)).
function fromSummary(id, title, trust, of, make, hint) {
  const why = el("p", {class: "note"}), holder = el("div");
  let made = null;
  return {made: section(id, title, why, holder), show: (summary) => {
    const target = shownTarget(summary);
    why.replaceChildren(...trustNote(summary.tables[trust], hint).childNodes);
    if (made) made.update(of(target));
    else holder.replaceChildren(made = make(of(target)));
  }};
}

function facts(target, summary) {
  const {container} = target;
  return [["Process", `PID ${target.host_pid}`], ["Program", target.exe],
    ...(target.runtime_file !== target.exe ? [["Go library", target.runtime_file]] : []),
    ["Go", [target.go_version, target.main_module, target.main_version].filter(Boolean).join(" · ") || NO_FIGURE],
    ["User", target.user || NO_FIGURE],
    ...(whereItRuns(target) ? [["Container", whereItRuns(target)]] : []),
    ...(container.id ? [["Container's id", container.id.slice(0, 12)]] : []),
    ...(summary ? [["Watched for", duration(summary.window_ns)]] : []),
    ["Probes", target.probes.length === 0 ? "none"
      : `${target.probes.join(", ")}; on: ${target.probes_on.join(", ") || "none"}`],
    ...(target.events_lost > 0 ? [["Events lost", count(target.events_lost)]] : [])];
}

function figuresOf(target, summary, readings) {
  const made = readings.change("created", A_MINUTE), ended = readings.change("exited", A_MINUTE);
  const perSecond = (change) => change === null ? NO_FIGURE : number(change.by / change.s);
  const grown = readings.change("goroutines");
  const seconds = summary && summary.goroutine_seconds, waited = seconds && seconds.waiting + seconds.syscall;
  return [
    card("live goroutines", count(target.goroutines), grown && `${signed(grown.by)} in ${duration(grown.s * 1e9)}`),
    card("blocked now", count(total(blockedByReason(summary))), "wait for something"),
    card("created", perSecond(made), "per second, over a minute"),
    card("exited", perSecond(ended), "per second, over a minute"),
    card("time waiting", waited === null ? NO_FIGURE : duration(waited * 1e9),
      summary && `goroutine-time in ${duration(summary.window_ns)}`),
    card("latency p99", summary ? duration(summary.latency.p99_ns) : NO_FIGURE, "runnable to running"),
    card("cost", percent(costOf(readings)),
      target.probes.length > 0 ? "of one CPU, the agent's and its probes'" : "of one CPU, the agent's")];
}

function processView(id, node) {
  const readings = new Readings();
  const given = el("dl", {class: "facts"}), cards = el("dl", {class: "cards"});
  const notices = el("ul", {class: "notices", hidden: true});
  const missing = el("p", {class: "alert", role: "status"});
  const overview = section("overview", "Overview", given, cards, missing, notices);
  const time = liveOverTime();
  const table = (id, title, trust, rows) => fromSummary(id, title, trust, (t) => withFigures(rows(t)), sortableTable);
  const blocking = table("blocking", "Hot spots: where goroutines wait", "blocking", blockingRows);
  const waiters = table("waiters", "Waiters: who waits now", "blocking", (t) => waiterRows(t.summary));
  const creation = table("creation", "Creation sites: where goroutines are made", "creation", creationRows);
  const objects = table("objects", "What goroutines wait for", "objects", objectsRows);
  const flame = fromSummary("flames", "Flame graph of blocked time", "blocking", blockedPaths,
    (paths) => flameGraph({name: "blocked time", paths, format: duration, empty: "No goroutine was seen to wait."}),
    "Root at the top. A frame is as wide as the time below it. Click or Enter zooms, Escape goes back, arrows walk.");
  const parts = [blocking, flame, creation, waiters, objects];
  const below = el("div", {});
  const files = el("div", {});
  let target = null;
  parts.forEach((part) => { part.made.hidden = true; });

  // A reading of this poll: the counters of /targets, and who is blocked by the summary.
  function keep(list, summary) {
    const add = (reading) => readings.add(withRates(reading, readings.last));
    if (readings.all.length === 0)
      for (const old of node.readings(id).all.slice(0, -1)) add({...old, read_at: old.at, blocked: null});
    const at = list.time_ns / 1e9, read_at = target.read_ns === null ? at : target.read_ns / 1e9;
    add({at, read_at, goroutines: target.goroutines, created: target.created, exited: target.exited,
      cost_ns: costOfAll(target), blocked: blockedByReason(summary),
      lived: summary && summary.goroutines.live});
  }
  // reason: why there is no summary; "": there is one.
  function show(list, summary, reason) {
    const now = list.targets.find((t) => t.id === id);
    if (!now) {
      say(missing, target ? `PID ${target.host_pid} has ended. What is below is of before.`
        : "There is no such process any more.");
      return;
    }
    target = now;
    if (files.childNodes.length === 0 && target.state === "watched") files.replaceChildren(downloads(target));
    keep(list, summary);
    given.replaceChildren(...facts(target, summary).map(([title, value]) =>
      el("div", {}, el("dt", {}, title), el("dd", {}, value))));
    cards.replaceChildren(...figuresOf(target, summary, readings));
    const state = `It is ${STATES[target.state] || target.state}` + (target.reason ? `: ${target.reason}` : "");
    say(missing, target.state !== "watched" ? state : reason ? `There is no summary of it: ${reason}` : "");
    const told = summary ? summary.notices : [];
    notices.hidden = told.length === 0;
    notices.replaceChildren(...told.map((line) => el("li", {}, line)));
    const unix = list.unix_ns / 1e6;
    time.show(readings.all, (at) => unix + (at - list.time_ns / 1e9) * 1000);
    if (!summary) return;
    parts.forEach((part) => { part.made.hidden = false; part.show(summary); });
    objects.made.hidden = summary.objects.length === 0;
  }
  below.append(overview, time.made, ...parts.map((part) => part.made), files);
  return {id, made: [below], show, redraw: time.redraw,
    title: (list) => {
      const now = list && list.targets.find((t) => t.id === id) || target;
      return now ? `${programName(now)}, PID ${now.host_pid}` : `Process ${id}`;
    },
    sections: [["overview", "Overview"], ["time", "Over time"], ["blocking", "Hot spots"], ["flames", "Flame graph"],
      ["creation", "Creation sites"], ["waiters", "Waiters"], ["downloads", "Downloads"]]};
}
