#include "evidence/interval.h"

#include "model/delta.h"

namespace gorotrace {
namespace {

std::uint64_t grown(std::uint64_t before, std::uint64_t now) {
  return now > before ? now - before : 0;
}

std::optional<Rate> rate(std::uint64_t n, std::uint64_t from_ns, std::uint64_t to_ns, Engine engine) {
  if (to_ns <= from_ns) return std::nullopt;
  return Rate{n, static_cast<double>(n) * 1e9 / static_cast<double>(to_ns - from_ns), engine};
}

// What has ended since the start, up to a constant: created = live + system + exited.
std::uint64_t exited(const RuntimeCounters& c) {
  const std::int64_t there = c.live + c.system;
  return there < 0 ? c.created : grown(static_cast<std::uint64_t>(there), c.created);
}

}  // namespace

IntervalRow interval_row(const Sample& before, const Sample& now) {
  IntervalRow row;
  row.from_ns = before.at_ns;
  row.to_ns = now.at_ns;
  row.groups = before.groups & now.groups;
  const auto on = [&](gt_group group) { return (row.groups & group_bit(group)) != 0; };
  const Tables between = delta(before.totals, now.totals);
  const auto probed = [&](std::uint64_t n) { return rate(n, before.at_ns, now.at_ns, Engine::kProbes); };

  if (on(GT_GROUP_LIFECYCLE)) {
    row.created = probed(between.created);
    row.exited = probed(between.exited);
  }
  if (on(GT_GROUP_BLOCK)) {
    row.parks = probed(between.parks);
    row.unparks = probed(between.unparks);
  }
  if (on(GT_GROUP_SYSCALL)) row.syscalls = probed(between.syscalls);
  if (before.counters && now.counters) {
    const RuntimeCounters &b = *before.counters, &n = *now.counters;
    const auto counted = [&](std::uint64_t from, std::uint64_t to) {
      return rate(grown(from, to), b.time_ns, n.time_ns, Engine::kCounters);
    };
    if (!row.created) row.created = counted(b.created, n.created);
    if (!row.exited) row.exited = counted(exited(b), exited(n));
    if (!row.syscalls) row.syscalls = counted(b.syscalls, n.syscalls);
  }

  if (now.live_known) row.live = static_cast<std::int64_t>(now.totals.live);
  row.live_engine = Engine::kProbes;
  if (!on(GT_GROUP_LIFECYCLE) || !now.live_known) {
    row.live_engine = now.counters ? Engine::kCounters : Engine::kSnapshot;
    if (now.counters) row.live = now.counters->live;
  }
  if (on(GT_GROUP_RUN) || !on(GT_GROUP_BLOCK)) {
    row.runnable = now.totals.in_state[static_cast<std::size_t>(GState::kRunnable)];
  } else if (now.totals.runs && now.totals.runs->last_look_ns > before.at_ns) {
    row.runnable = now.totals.runs->runnable_last;
  }

  const double charged = now.cost.charged_ns - before.cost.charged_ns;
  const std::uint64_t cpu = grown(before.cost.target_cpu_ns, now.cost.target_cpu_ns);
  if (cpu > 0) row.target_cpu_percent = 100 * charged / static_cast<double>(cpu);
  if (now.at_ns > before.at_ns) {
    row.of_one_cpu_percent = 100 * charged / static_cast<double>(now.at_ns - before.at_ns);
  }
  row.hits = grown(before.cost.hits, now.cost.hits);
  row.lost = grown(before.events.dropped_total(), now.events.dropped_total());
  return row;
}

}  // namespace gorotrace
