// What a reader wants to know first.

function overview(target) {
  const s = target.summary, g = s.goroutines, waiting = s.goroutine_seconds.waiting;
  const lost = s.events.dropped;
  const begin = target.begin_utc_ms;
  const facts = [
    ["Process", `PID ${s.target.pid}` + (s.target.host_pid !== s.target.pid ? ` (${s.target.host_pid} on the host)` : "")],
    ["Go", [s.target.go_version, s.target.main_module, s.target.main_version].filter(Boolean).join(" · ") || NO_FIGURE],
    ["Window", duration(s.window_ns) + (begin === null ? "" : `, ${utc(begin)} to ${utc(begin + s.window_ns / 1e6)}`)],
    ["Probes", s.groups.requested.length === 0 ? "none" : s.groups.requested.join(", ")],
    ...(s.process_end ? [["Process ended", endText(s.process_end)]] : []),
    ...(s.ended_by ? [["Ended by", s.ended_by]] : [])];
  const told = [...(capture.damage ? [capture.damage] : []), ...s.notices];
  return section("overview", "Overview",
    el("dl", {class: "facts"}, facts.map(([title, value]) => el("div", {}, el("dt", {}, title), el("dd", {}, value)))),
    el("dl", {class: "cards"},
      card("live goroutines", count(g.live), g.live_at_start === null ? null : `${count(g.live_at_start)} at the start`),
      card("created", count(g.created), g.created === null || s.window_ns === 0 ? null
        : `${number(g.created * 1e9 / s.window_ns)} per second`),
      card("exited", count(g.exited), g.exited === null || g.created === null ? null
        : `${g.created >= g.exited ? "+" : "−"}${count(Math.abs(g.created - g.exited))} in all`),
      card("time waiting", waiting === null ? NO_FIGURE : duration(waiting * 1e9), "goroutine-time"),
      card("latency p99", duration(s.latency.p99_ns), "runnable to running"),
      card("cost", percent(s.cost.target_cpu_percent), "of the target's CPU, estimated"),
      card("events", count(s.events.in_window ?? s.events.received), lost > 0 ? `${count(lost)} lost` : "nothing lost", lost > 0 ? "bad" : "")),
    told.length > 0 ? el("ul", {class: "notices"}, told.map((line) => el("li", {}, line))) : null);
}
