#include "report/stat_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/clock.h"
#include "base/plural.h"
#include "base/text.h"
#include "govern/governor.h"
#include "report/pauses_text.h"
#include "report/text_tables.h"

namespace gorotrace {
namespace {

constexpr std::size_t kNarrowest = 76;

std::string head(const TextContext& c) {
  const TargetFacts& t = c.facts.target;
  std::string who = fmt::format("pid {}", t.host_pid);
  if (t.pid != t.host_pid) who += fmt::format(" ({} in its namespace)", t.pid);
  std::string what = fmt::format("{}  {}", who, printable(t.program(), 512));
  if (!t.go_version.empty()) what += "  " + printable(t.go_version, 64);
  std::string lines = wrapped(what, c.name_width(), 2);
  lines.pop_back();
  const std::string out = c.style.bold(lines) + "\n";
  std::string how =
      fmt::format("window {} · probes {}", format_duration(since(c.facts.end_ns, c.facts.begin_ns)),
                  c.facts.requested != 0 ? group_list(c.facts.requested) : "none (memory alone)");
  if (!c.facts.ended_by.empty()) how += " · " + printable(c.facts.ended_by, 128);
  return out + wrapped(how, c.width, 2);
}

std::string seconds(double s) {
  return s == 0      ? "0"
         : s < 9.995 ? fmt::format("{:.2f}", s)
         : s < 99.95 ? fmt::format("{:.1f}", s)
                     : fmt::format("{:.0f}", s);
}

// Parts of "running or runnable", and not beside it.
std::string sampled_runs(const SampledRuns& runs) {
  const auto part = [](const SampledTime& of) {
    // What no sample saw is not known to be nothing, and has no error that could be told.
    if (of.ns == 0) return std::string("in no sample");
    return seconds(static_cast<double>(of.ns) / 1e9) + "±" + seconds(static_cast<double>(of.error_ns) / 1e9);
  };
  return fmt::format(" (sampled: running{}{}, runnable{}{})", kTie, part(runs.running), kTie,
                     part(runs.runnable));
}

// States and the integral of live are counted apart: a difference means loss, or a bug of ours. 0.1 % and 1
// ms are the rounding of the events at both ends.
std::string goroutine_seconds(const TextContext& c) {
  const Tables& t = c.tables;
  const TableTrust trust = table_trust(TableKind::kGoroutineSeconds, c.facts, t);
  std::string line = "goroutine-seconds:";
  std::uint64_t sum_ns = 0;
  for (const auto& [state, name] : {std::pair{GState::kRunning, "running"},
                                    {GState::kRunnable, "runnable"},
                                    {GState::kAwake, "running or runnable"},
                                    {GState::kWaiting, "waiting"},
                                    {GState::kSyscall, "syscall"},
                                    {GState::kUnknown, "unknown"}}) {
    if (!has_figure(state, c.facts, t)) continue;
    const std::uint64_t ns = t.state_ns[static_cast<std::size_t>(state)];
    sum_ns += ns;
    line += fmt::format(" {}{}{}", name, kTie, seconds(static_cast<double>(ns) / 1e9));
    const std::uint64_t error_ns = t.sampled_state[static_cast<std::size_t>(state)].error_ns;
    if (error_ns > 0) line += "±" + seconds(static_cast<double>(error_ns) / 1e9);
    if (state == GState::kAwake && t.runs) line += sampled_runs(*t.runs);
  }
  const double sum = static_cast<double>(sum_ns) / 1e9, live = static_cast<double>(t.live_integral_ns) / 1e9;
  line +=
      fmt::format("; sum {}, integral of live {} ({})", seconds(sum), seconds(live), name_of(trust.quality));
  std::string out = wrapped(line, c.width, 2);
  // By sampling the states are estimates, and live stands still for no look: the runtime's counters are
  // read some time before the last goroutine is.
  double error2 = 0;
  for (const SampledTime& s : t.sampled_state) error2 += std::pow(static_cast<double>(s.error_ns) / 1e9, 2);
  const double slack = t.covered_by_sampling.empty() ? live * 1e-3 : live * 2e-2 + 4 * std::sqrt(error2);
  if (std::abs(sum - live) > std::max(1e-3, slack)) {
    out += c.style.warn(
        wrapped(fmt::format("! the states add up to {:.4g} goroutine-seconds, live to {:.4g}: some "
                            "states of this report are wrong",
                            sum, live),
                c.width, 2));
  }
  return out;
}

std::string goroutines(const TextContext& c) {
  const Tables& t = c.tables;
  const CreatedExited n = created_exited(c.facts, t);
  const auto count = [](const std::optional<std::uint64_t>& v) { return v ? fmt::format("{}", *v) : "-"; };
  std::string line = fmt::format("goroutines: live{} {}", c.tense("", " at its end"), t.live);
  if (c.facts.live_at_start) line += fmt::format(" (at the start {})", *c.facts.live_at_start);
  // The runtime's own are created, too, and are not live: only where as many exited does the sum add up.
  const bool own =
      n.created && n.engine == Engine::kProbes && !n.partial && t.created_system > t.exited_system;
  line +=
      fmt::format(", created {}{}, exited {}", count(n.created),
                  own ? fmt::format(" ({} of the runtime's own)", t.created_system) : "", count(n.exited));
  if (!n.created) {
    line += " (the runtime's counters were not read twice)";
  } else if (n.engine == Engine::kCounters) {
    line += n.partial
                ? fmt::format(" (from counters, which were read {} apart)", format_duration(n.covered_ns()))
                : " (from counters)";
  } else if (n.partial) {
    line += fmt::format(" (of the {} in which the probes were on)", format_duration(n.covered_ns()));
  }
  line += fmt::format(", system {}", t.system);
  std::string_view before = c.tense("; now", "; at the end");
  for (const auto& [state, name] : {std::pair{GState::kRunning, "running"},
                                    {GState::kRunnable, "runnable"},
                                    {GState::kAwake, "running or runnable"},
                                    {GState::kWaiting, "waiting"},
                                    {GState::kSyscall, "in syscalls"},
                                    {GState::kUnknown, "unknown"}}) {
    if (!has_figure(state, c.facts, t)) continue;
    line += fmt::format("{} {}{}{}", before, t.in_state[static_cast<std::size_t>(state)], kTie, name);
    before = ",";
  }
  const SyscallCount calls = syscall_count(c.facts, t);
  if (calls.count) {
    line += fmt::format("; {}{} ({})", calls.source == Engine::kCounters ? "at most " : "",
                        plural(*calls.count, "syscall"), name_of(calls.source));
  }
  std::string out = wrapped(line, c.width, 2);
  if (const auto off = live_discrepancy(c.facts, t); off && *off != 0) {
    out += c.style.warn(
        wrapped(fmt::format("! live at the end is {:+d} against live at the start + created - exited "
                            "- change in system",
                            *off),
                c.width, 2));
  }
  return out;
}

// What makes figures above or below worth less stands before them.
std::string warnings(const TextContext& c) {
  std::string out;
  const auto warn = [&](const std::string& text) { out += c.style.warn(wrapped("! " + text, c.width, 2)); };
  const EventFacts& e = c.facts.events;
  if (const std::uint64_t lost = e.dropped_total(); lost > 0) {
    std::string reasons;
    for (const auto& [reason, n] : e.dropped) {
      if (n > 0) reasons += fmt::format("{}{} {}", reasons.empty() ? "" : ", ", printable(reason, 64), n);
    }
    warn(fmt::format("{} of {} events lost ({}); waits open at a loss are in no mean or quantile", lost,
                     e.produced, reasons));
  }
  if (const std::uint64_t missing = e.on_their_way(); missing > 0) {
    warn(fmt::format("{} events had not arrived when the window was summed up: the figures lack them",
                     missing));
  } else if (e.produced != e.received + e.dropped_total()) {
    warn(fmt::format("events do not add up: {} produced, {} received, {} dropped", e.produced, e.received,
                     e.dropped_total()));
  }
  for (auto d = c.facts.detached.begin(); d != c.facts.detached.end();) {
    const auto first = d;
    GroupMask together = 0;  // those that went at once
    for (; d != c.facts.detached.end() && d->at_ns == first->at_ns && d->reason == first->reason; ++d)
      together |= group_bit(d->group);
    warn(fmt::format("probes {} detached at {}: {}", group_list(together),
                     format_duration(since(first->at_ns, c.facts.begin_ns)), printable(first->reason, 256)));
  }
  if (const auto& phases = c.facts.phases) {
    warn(fmt::format("probes {} were on in {} instead of all the time; {}", group_list(phases->groups),
                     plural(phases->count, "phase"), printable(phases->reason, 256)));
  }
  const auto counted = [&](std::uint64_t n, std::string_view one, std::string_view many,
                           std::string_view what) {
    if (n > 0) warn(plural(n, one, many) + std::string(what));
  };
  counted(c.tables.illegal, "transition", "transitions",
          " that no goroutine can make, without a loss to explain it");
  counted(c.tables.table_overflow, "event", "events", " beyond the bound of a table: rows are missing");
  counted(c.tables.rows_folded, "call path", "call paths",
          fmt::format(" shown among other stacks: there {} more than a table holds", c.tense("are", "were")));
  counted(c.tables.events_without_stack, "event", "events", " without a stack");
  counted(c.tables.stacks_undefined, "stack", "stacks", " of unknown frames");
  if (c.facts.cross_check) {
    const CrossCheckVerdict v = judge(*c.facts.cross_check);
    for (const auto& [figure, name] : {std::pair{v.created, "created"}, {v.exited, "exited"}}) {
      if (figure.verdict != Verdict::kDisagree) continue;
      warn(fmt::format("the runtime's counters {} {} {}, the probes {} to {}", c.tense("say", "said"),
                       figure.counters, name, figure.low, figure.high));
    }
  }
  for (const std::string& notice : c.facts.notices) warn(printable(notice, 1024));
  return out;
}

std::string cross_check(const TextContext& c) {
  if (!c.facts.cross_check) {
    if ((c.facts.requested & group_bit(GT_GROUP_LIFECYCLE)) == 0) return "";
    return wrapped(
        "cross-check: none, the runtime's counters were not read twice with the lifecycle probes on", c.width,
        2);
  }
  const CrossCheckVerdict v = judge(*c.facts.cross_check);
  const auto figure = [](const CrossCheckFigure& f) {
    const std::string probes =
        f.low == f.high ? fmt::format("{}", f.low) : fmt::format("{}..{}", f.low, f.high);
    return fmt::format("{} (probes {}: {})", f.counters, probes, name_of(f.verdict));
  };
  return wrapped(
      fmt::format(
          "cross-check: the runtime's own counters between two readings: created {}, exited {}; {} live "
          "at the second reading{}",
          figure(v.created), figure(v.exited), c.facts.cross_check->end.live,
          c.facts.cross_check->end.settled ? "" : " (still moving)"),
      c.width, 2);
}

std::string cost(const TextContext& c) {
  const CostFacts& cost = c.facts.cost;
  const std::uint64_t to_ns =
      c.options.lack == nullptr ? c.facts.end_ns : c.options.lack->cost_to(c.facts.end_ns);
  const std::uint64_t window = since(to_ns, c.facts.begin_ns);
  const auto percent = [&](std::uint64_t of) {
    return of > 0 ? short_percent(100 * cost.charged_ns / static_cast<double>(of)) : std::string("-");
  };
  if (!c.facts.calibrated) {
    const bool untold = c.options.lack != nullptr && c.options.lack->any() && c.facts.requested != 0;
    return untold ? "cost: not known, the file lacks the session's word on it\n"
                  : "cost: none, nothing was attached\n";
  }
  const auto trap = [](double ns) { return format_duration(static_cast<std::uint64_t>(std::max(0.0, ns))); };
  return wrapped(
      fmt::format("cost: {}{}, {} % of the target's CPU, {} % of one CPU{} (estimated: a trap here costs "
                  "{}, single-stepped {})",
                  plural(cost.hits, "hit"),
                  to_ns != c.facts.end_ns ? fmt::format(" in the first {}", format_duration(window)) : "",
                  percent(cost.target_cpu_ns), percent(window), within_floor_text(cost, window),
                  trap(c.facts.calibrated->emulated_ns), trap(c.facts.calibrated->single_step_ns)),
      c.width, 2);
}

std::string shared_probes(const TextContext& c) {
  if (!c.facts.shared_probes) return "";
  const SharedProbes& shared = *c.facts.shared_probes;
  return wrapped(
      fmt::format("shared probes: {} targets {} this file; its other processes ran into the probes {}",
                  shared.targets, c.tense("run", "ran"), plural(shared.others_hits, "time")),
      c.width, 2);
}

std::string sampling_cost(const SamplingFacts& f) {
  std::string out;
  if (f.missed > 0)
    out += fmt::format(", {} left out (its share of CPU was spent, or no thread ran)", f.missed);
  if (f.time_ns > 0) {
    out += fmt::format("; {} % of one CPU of gorotrace, none of the target's",
                       short_percent(100 * static_cast<double>(f.cpu_ns) / static_cast<double>(f.time_ns)));
  }
  return out;
}

std::string run_sampling(const TextContext& c) {
  if (!c.facts.run_sampling || c.facts.run_sampling->looks == 0) return "";
  const SamplingFacts& f = *c.facts.run_sampling;
  return wrapped(
      fmt::format("running, runnable: {} of the Ps and their run queues{} (± is one standard error)",
                  plural(f.looks, "sample"), sampling_cost(f)),
      c.width, 2);
}

std::string sampling(const TextContext& c) {
  if (!c.facts.sampling || c.facts.sampling->looks == 0) return "";
  const SamplingFacts& f = *c.facts.sampling;
  std::string line = "sampling: " + plural(f.looks, "sample");
  if (f.looks_at_all == f.looks) {
    line += ", every goroutine each time";
  } else {
    line += fmt::format(", {} of them of every goroutine, {} goroutines a sample", f.looks_at_all,
                        f.goroutines_seen / f.looks);
  }
  return wrapped(line + sampling_cost(f) + " (± is one standard error, ≈ is known to within one sample)",
                 c.width, 2);
}

std::string events(const TextContext& c) {
  const EventFacts& e = c.facts.events;
  std::string line =
      fmt::format("events: {} produced, {} received, {} lost", e.produced, e.received, e.dropped_total());
  if (e.in_window) {
    const std::uint64_t behind = e.received - std::min(e.received, *e.in_window);
    line += behind == 0
                ? std::string("; all received are in the window")
                : fmt::format("; {} in the window, {} behind its end, while the probes were taken away",
                              *e.in_window, behind);
  }
  for (const auto& [reason, n] : e.stack_failed) {
    if (n > 0) line += fmt::format("; {} without stack ({})", n, printable(reason, 64));
  }
  if (c.tables.late > 0) line += fmt::format("; {} late", c.tables.late);
  if (c.options.several) line += " (of all targets)";
  return wrapped(line, c.width, 2);
}

}  // namespace

std::string within_floor_text(const CostFacts& cost, std::uint64_t window_ns) {
  const bool by_floor = cost.budget_share &&
                        cost.charged_ns > *cost.budget_share * static_cast<double>(cost.target_cpu_ns) &&
                        cost.charged_ns <= kFloorCpu * static_cast<double>(window_ns);
  return by_floor ? fmt::format(", within the budget, which is never less than {:.0f} % of one CPU",
                                100 * kFloorCpu)
                  : "";
}

std::string stat_summary_text(const StatFacts& facts, const Tables& tables, Symbolizer& symbols,
                              const StatTextOptions& options) {
  const StatRows rows = stat_rows(facts, tables, symbols, options.rows);
  const TextContext c{
      facts, tables, symbols, options, rows, Style{options.colour}, std::max(options.width, kNarrowest)};
  return head(c) + process_end_text(c) + goroutine_seconds(c) + goroutines(c) + warnings(c) +
         blocking_text(c) + creation_text(c) + objects_text(c) + runnable_text(c) + latency_text(c) +
         panics_text(c) + pauses_text(c) + "\n" + cross_check(c) + sampling(c) + run_sampling(c) + events(c) +
         cost(c) + shared_probes(c);
}

}  // namespace gorotrace
