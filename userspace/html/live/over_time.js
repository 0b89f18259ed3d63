// One process over time: what the page has kept of it.

const MOST_REASONS = 6;
const GAP = 3 * PERIOD_MS / 1000 + 1;  // s: nobody asked in between

// Goroutines that wait now, by reason; the runtime's own left out. null: no summary.
function blockedByReason(summary) {
  if (!summary) return null;
  const by = new Map();
  for (const row of summary.blocking) {
    const reason = row.reason || "(no reason)";
    if (!row.system && row.blocked_now > 0) by.set(reason, (by.get(reason) || 0) + row.blocked_now);
  }
  return by;
}

const total = (by) => by === null ? null : sum([...by.values()], (n) => n);

// The reading with its rates since the one before. The agent gives counters again that it read a moment ago: their rates
// are then those of that moment.
function withRates(reading, before) {
  const known = before !== undefined && reading.at > before.at && reading.at - before.at <= GAP;
  const cost = known ? Math.max(0, 100 * (reading.cost_ns - before.cost_ns) / 1e9 / (reading.at - before.at)) : null;
  if (known && before.read_at === reading.read_at)
    return {...reading, created_per_s: before.created_per_s, exited_per_s: before.exited_per_s,
      cost};
  const per = (name, s) => known && s > 0 && reading[name] !== null && before[name] !== null
    ? Math.max(0, (reading[name] - before[name]) / s) : null;
  return {...reading, created_per_s: per("created", reading.read_at - (before || reading).read_at),
    exited_per_s: per("exited", reading.read_at - (before || reading).read_at),
    cost};
}

// [seconds, figure, ...] of each reading, and a row without figures wherever nobody asked for longer.
function rowsOf(readings, begin, figures) {
  const rows = [];
  readings.forEach((reading, i) => {
    const before = readings[i - 1];
    if (before && reading.at - before.at > GAP)
      rows.push([(before.at + reading.at) / 2 - begin, ...figures.map(() => null)]);
    rows.push([reading.at - begin, ...figures.map((figure) => figure(reading))]);
  });
  return rows;
}

// show(readings, utcOf(s): ms of a time of the agent's): readings: withRates() of
// {at, read_at, goroutines, created, exited, cost_ns, blocked: Map or null, lived: goroutines when they were}.
function liveOverTime() {
  const figures = el("div", {class: "charts"}), few = note("It takes two readings; the next one comes in a moment.");
  const kept = el("p", {class: "note"});
  let charts = null, reasons = [], begin = null;

  // Those that most wait for; once one is shown it stays, so that its colour does.
  function chooseReasons(readings) {
    const most = new Map();
    for (const {blocked} of readings)
      for (const [reason, n] of blocked || []) most.set(reason, Math.max(n, most.get(reason) || 0));
    const stay = reasons.filter((reason) => most.has(reason));
    const others = [...most.keys()].filter((reason) => !stay.includes(reason)).sort((a, b) => most.get(b) - most.get(a));
    return [...stay, ...others].slice(0, MOST_REASONS);
  }
  function allCharts() {
    const of = (reason) => ({blocked}) => blocked === null ? null : blocked.get(reason) || 0;
    const rest = ({blocked}) => blocked === null ? null
      : total(blocked) - sum(reasons, (reason) => blocked.get(reason) || 0);
    const awake = ({lived, blocked}) => blocked === null ? null : Math.max(0, lived - total(blocked));
    return [
      {title: "Goroutines", format: count, series: [
        ["live", "--live", (r) => r.goroutines], ["blocked", "--wait3", (r) => total(r.blocked)]]},
      {title: "What they wait for", stacked: true, format: count, series: [
        ...reasons.map((reason, i) => [reason, `--wait${i}`, of(reason)]),
        ["other reasons", `--wait${MOST_REASONS}`, rest],
        ["running or runnable", "--running", awake]]},
      {title: "Created and exited", unit: "per second", series: [
        ["created", "--created", (r) => r.created_per_s], ["exited", "--exited", (r) => r.exited_per_s]]},
      {title: "Cost of watching", unit: "% of one CPU", format: percent, series: [
        ["cost", "--exited", (r) => r.cost]]}];
  }
  function build(target, rows) {
    charts = new Charts(target);
    figures.replaceChildren(...allCharts().map(({series, ...chart}, i) => charts.add({format: number, gaps: true,
      ...chart, rows: rows[i], series: series.map(([label, colour]) => ({label, colour}))})));
    charts.draw();
  }
  const made = section("time", "Over time", kept, few, figures);
  return {made, redraw: () => charts && charts.draw(), show: (readings, utcOf) => {
    few.hidden = readings.length > 1;
    figures.hidden = !few.hidden;
    if (readings.length < 2) return;
    if (begin === null) begin = readings[0].at;
    say(kept, `Kept by this page while it is open: the last ${KEPT} readings, since ${utc(utcOf(readings[0].at))}.`);
    const next = chooseReasons(readings), other = next.join("\n") !== reasons.join("\n");
    reasons = next;
    const last = readings[readings.length - 1];
    const target = {series: {from_ns: [(readings[0].at - begin) * NS], to_ns: [(last.at - begin) * NS]},
      begin_utc_ms: utcOf(begin), pauses: [], collections: []};
    const rows = allCharts().map(({series}) => rowsOf(readings, begin, series.map(([, , figure]) => figure)));
    if (charts === null || other) return build(target, rows);
    charts.target = target;
    charts.update(rows);
  }};
}
