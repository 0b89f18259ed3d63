#include "evidence/trust.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/text.h"
#include "probe/object_groups.h"

namespace gorotrace {
namespace {

GroupMask needed(TableKind kind, GroupMask requested) {
  // Groups that fill a table each with figures of its own: those that were asked for.
  const auto of = [&](GroupMask groups) { return (requested & groups) != 0 ? requested & groups : groups; };
  switch (kind) {
    case TableKind::kGoroutineSeconds:
      // Without run they leave open which of two states some goroutines were in, and are right so.
      return group_bit(GT_GROUP_LIFECYCLE) | group_bit(GT_GROUP_BLOCK) |
             (requested & group_bit(GT_GROUP_RUN));
    case TableKind::kGoroutines:
    case TableKind::kCreation:
      return group_bit(GT_GROUP_LIFECYCLE);
    case TableKind::kBlocking:
      return group_bit(GT_GROUP_BLOCK);
    case TableKind::kLatency:
      return group_bit(GT_GROUP_BLOCK) | group_bit(GT_GROUP_RUN);
    case TableKind::kSyscallSites:
      return group_bit(GT_GROUP_SYSCALL);
    case TableKind::kPauses:
      return group_bit(GT_GROUP_GC);
    case TableKind::kObjects:
      return of(kObjectGroups) | (requested & group_bit(GT_GROUP_BLOCK));
    case TableKind::kChannels:
      // block alone does not look at which channel a goroutine waits for.
      if ((requested & kObjectGroups) == 0) return group_bit(GT_GROUP_CHAN);
      return of(group_bit(GT_GROUP_BLOCK) | group_bit(GT_GROUP_CHAN));
    case TableKind::kSemaphores:
      return of(group_bit(GT_GROUP_BLOCK) | group_bit(GT_GROUP_SYNC));
    case TableKind::kPanics:
      return group_bit(GT_GROUP_PANIC);
  }
  return 0;
}

std::vector<Interval> intersect(const std::vector<Interval>& a, const std::vector<Interval>& b) {
  std::vector<Interval> out;
  for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    const Interval both{std::max(a[i].from_ns, b[j].from_ns), std::min(a[i].to_ns, b[j].to_ns)};
    if (both.from_ns < both.to_ns) out.push_back(both);
    (a[i].to_ns < b[j].to_ns ? i : j)++;
  }
  return out;
}

std::vector<Interval> minus(const std::vector<Interval>& a, const std::vector<Interval>& b) {
  std::vector<Interval> out;
  for (Interval left : a) {
    for (const Interval& hole : b) {
      if (hole.to_ns <= left.from_ns || hole.from_ns >= left.to_ns) continue;
      if (hole.from_ns > left.from_ns) out.push_back({left.from_ns, hole.from_ns});
      left.from_ns = std::min(hole.to_ns, left.to_ns);
    }
    if (left.from_ns < left.to_ns) out.push_back(left);
  }
  return out;
}

// The parts of the window in which all these groups were on.
std::vector<Interval> covered_by_all(GroupMask groups, const StatFacts& facts, const Tables& tables) {
  std::vector<Interval> out = {{facts.begin_ns, facts.end_ns}};
  for (unsigned group = 0; group < GT_GROUP_COUNT; ++group) {
    if ((groups & (1u << group)) != 0) out = intersect(out, tables.covered[group]);
  }
  return out;
}

std::uint64_t length(const std::vector<Interval>& intervals) {
  std::uint64_t sum = 0;
  for (const Interval& i : intervals) sum += i.to_ns - i.from_ns;
  return sum;
}

std::int64_t signed_difference(std::uint64_t to, std::uint64_t from) {
  return static_cast<std::int64_t>(to - from);
}
std::uint64_t clamped(std::uint64_t to, std::uint64_t from) {
  return to > from ? to - from : 0;
}

// Both readings are asked for at the window's ends and come a little later: then they are of the window.
Interval as_of_window(const Interval& between, const StatFacts& facts) {
  constexpr std::uint64_t kLateNs = 200'000'000;
  const Interval window{facts.begin_ns, facts.end_ns};
  const std::uint64_t from_ns = std::max(between.from_ns, window.from_ns);
  const Interval inside{from_ns, std::max(from_ns, std::min(between.to_ns, window.to_ns))};
  return clamped(inside.to_ns, inside.from_ns) + kLateNs >= clamped(window.to_ns, window.from_ns) ? window
                                                                                                  : inside;
}

// The part of the window between the first and the last reading of the counters; nullopt: there was one
// reading at most, which tells no difference.
std::optional<Interval> between_readings(const StatFacts& facts) {
  if (!facts.counters_begin || !facts.counters_end) return std::nullopt;
  const Interval between{std::max(facts.counters_begin->time_ns, facts.begin_ns),
                         std::min(facts.counters_end->time_ns, facts.end_ns)};
  return between.from_ns < between.to_ns ? std::optional(between) : std::nullopt;
}

// Tables whose figures sampling gives in place of the probes.
bool taken_by_sampling(TableKind kind) {
  return kind == TableKind::kGoroutineSeconds || kind == TableKind::kBlocking ||
         kind == TableKind::kSyscallSites;
}

// Their waits are never all of them: a park tells the head of g.waiting, which of a select is one of its
// channels (runtime/select.go, selectgo, 1.18-1.27: all its sudogs, in lock order), and of a wait that began
// before the attach only memory may tell the object, if it is asked and the goroutine stood still.
bool is_of_objects(TableKind kind) {
  return kind == TableKind::kObjects || kind == TableKind::kChannels || kind == TableKind::kSemaphores;
}

// They count goroutines that made no event in the window, which memory alone shows. Latency is of wake-ups,
// panics are what was thrown.
bool shows_those_from_before(TableKind kind) {
  return kind != TableKind::kLatency && kind != TableKind::kPanics && kind != TableKind::kPauses;
}

// It has a row for all that its events may tell.
bool is_never_full(TableKind kind) {
  return kind == TableKind::kGoroutineSeconds || kind == TableKind::kGoroutines || kind == TableKind::kPauses;
}

// Their rows are told apart by stacks, or show some.
bool shows_stacks(TableKind kind) {
  return kind != TableKind::kGoroutineSeconds && kind != TableKind::kGoroutines &&
         kind != TableKind::kLatency && kind != TableKind::kPauses;
}

CrossCheckFigure compare(std::int64_t counters, std::uint64_t low, std::uint64_t high, bool settled) {
  CrossCheckFigure figure{counters, low, high, Verdict::kAgree};
  const bool inside = counters >= 0 && static_cast<std::uint64_t>(counters) >= low &&
                      static_cast<std::uint64_t>(counters) <= high;
  if (!inside) figure.verdict = settled ? Verdict::kDisagree : Verdict::kUnsettled;
  return figure;
}

// created - live - system: what has ended, up to a constant of the process.
// Between two readings. Modulo 2^64: what a target says may be anything.
std::int64_t ended(const RuntimeCounters& begin, const RuntimeCounters& end) {
  const auto in_all = [](const RuntimeCounters& c) {
    return c.created - static_cast<std::uint64_t>(c.live) - static_cast<std::uint64_t>(c.system);
  };
  return static_cast<std::int64_t>(in_all(end) - in_all(begin));
}

}  // namespace

TableTrust table_trust(TableKind kind, const StatFacts& facts, const Tables& tables) {
  TableTrust trust;
  trust.covered = covered_by_all(needed(kind, facts.requested), facts, tables);
  if (taken_by_sampling(kind)) {
    trust.covered_by_sampling = intersect({{facts.begin_ns, facts.end_ns}}, tables.covered_by_sampling);
    trust.covered = minus(trust.covered, trust.covered_by_sampling);
  }
  trust.covered_ns = length(trust.covered);
  if (trust.covered_ns == 0 && !trust.covered_by_sampling.empty()) {
    trust.engine = Engine::kSampling;
    trust.quality = Quality::kSampled;
    trust.covered = std::exchange(trust.covered_by_sampling, {});
    trust.covered_ns = length(trust.covered);
    return trust;
  }
  if (trust.covered_ns == 0 && kind == TableKind::kLatency && facts.runtime_latency) {
    trust.engine = Engine::kCounters;
    trust.quality = Quality::kSampled;
    trust.covered = {as_of_window(facts.runtime_latency->between, facts)};
    trust.covered_ns = length(trust.covered);
    return trust;
  }
  // The sites' rows are then those of the last look, and how long their goroutines lived is sampling's.
  if (trust.covered_ns == 0 && kind == TableKind::kCreation)
    trust.covered_by_sampling = intersect({{facts.begin_ns, facts.end_ns}}, tables.covered_by_sampling);
  if (trust.covered_ns == 0) {
    trust.quality = kind == TableKind::kGoroutineSeconds ? Quality::kEstimated : Quality::kLowerBound;
    return trust;
  }
  trust.engine = Engine::kProbes;
  const bool whole = trust.covered_ns >= clamped(facts.end_ns, facts.begin_ns);
  const bool bounded = tables.table_overflow > 0 && !is_never_full(kind);
  const GroupMask groups = needed(kind, facts.requested);
  const bool complete = (groups & facts.incomplete) == 0;
  const bool lacks_stacks = shows_stacks(kind) && stacks_lacking(tables) > 0;
  const bool lacks_those_from_before = shows_those_from_before(kind) && !tables.looked;
  const bool missed_waits = is_of_objects(kind) && (groups & group_bit(GT_GROUP_BLOCK)) != 0;
  const bool exact =
      whole && !bounded && complete && !missed_waits && !lacks_stacks && !lacks_those_from_before;
  trust.quality = exact ? Quality::kExact : Quality::kLowerBound;
  return trust;
}

bool knows_pauses(const StatFacts& facts, const Tables& tables) {
  if (!table_trust(TableKind::kLatency, facts, tables).probed()) return false;
  const GroupMask both = needed(TableKind::kLatency, facts.requested) | group_bit(GT_GROUP_GC);
  return !covered_by_all(both, facts, tables).empty();
}

const Histogram* latencies(const StatFacts& facts, const Tables& tables) {
  const Engine engine = table_trust(TableKind::kLatency, facts, tables).engine;
  if (engine == Engine::kCounters) return &facts.runtime_latency->times;
  const Histogram& probed = tables.latency.histogram;
  return engine == Engine::kProbes || probed.count() > 0 ? &probed : nullptr;
}

bool has_figure(GState state, const StatFacts& facts, const Tables& tables) {
  const auto seen = [&](GState s) {
    return tables.state_ns[static_cast<std::size_t>(s)] + tables.in_state[static_cast<std::size_t>(s)] > 0;
  };
  const bool told_apart = (facts.requested & group_bit(GT_GROUP_RUN)) != 0 ||
                          (facts.requested & group_bit(GT_GROUP_BLOCK)) == 0 || seen(GState::kRunning) ||
                          seen(GState::kRunnable);
  if (state == GState::kAwake) return !told_apart || seen(GState::kAwake);
  return told_apart || (state != GState::kRunning && state != GState::kRunnable);
}

std::uint64_t stacks_lacking(const Tables& tables) {
  return tables.rows_folded + tables.events_without_stack + tables.stacks_undefined;
}

CrossCheckVerdict judge(const CrossCheck& w) {
  const bool settled = w.begin.settled && w.end.settled;
  const auto figure = [&](std::int64_t counters, auto member, std::uint64_t less, std::uint64_t more) {
    const std::uint64_t low = clamped(w.before_end.*member, w.after_begin.*member),
                        high = clamped(w.after_end.*member, w.before_begin.*member);
    return compare(counters, clamped(low, less), high + more, settled);
  };
  // What the first reading had too many of is missing from the growth, and so on.
  return {figure(signed_difference(w.end.created, w.begin.created), &CrossCheck::Totals::created,
                 w.begin.created_ahead, w.end.created_ahead),
          figure(ended(w.begin, w.end), &CrossCheck::Totals::exited,
                 w.begin.exited_ahead + w.end.exited_behind, w.begin.exited_behind + w.end.exited_ahead)};
}

std::optional<std::int64_t> live_discrepancy(const StatFacts& facts, const Tables& tables) {
  const TableTrust trust = table_trust(TableKind::kGoroutines, facts, tables);
  if (!facts.live_at_start || trust.covered_ns < clamped(facts.end_ns, facts.begin_ns)) return std::nullopt;
  const std::int64_t created = signed_difference(tables.created, tables.created_system);
  const std::int64_t gone = signed_difference(tables.exited, tables.exited_system);
  // A goroutine that a C thread takes changes sides from the system's to the live ones, without a creation.
  const std::int64_t taken = signed_difference(tables.of_c_threads, facts.of_c_threads_at_start);
  return static_cast<std::int64_t>(tables.live) -
         (static_cast<std::int64_t>(*facts.live_at_start) + created - gone + taken);
}

SyscallCount syscall_count(const StatFacts& facts, const Tables& tables) {
  if (table_trust(TableKind::kSyscallSites, facts, tables).probed())
    return {tables.syscalls, Engine::kProbes};
  if (!between_readings(facts)) return {};
  return {clamped(facts.counters_end->syscalls, facts.counters_begin->syscalls), Engine::kCounters};
}

std::uint64_t CreatedExited::covered_ns() const {
  return length(covered);
}

CreatedExited created_exited(const StatFacts& facts, const Tables& tables) {
  const TableTrust trust = table_trust(TableKind::kGoroutines, facts, tables);
  const std::uint64_t window_ns = clamped(facts.end_ns, facts.begin_ns);
  const bool whole = trust.covered_ns >= window_ns;
  const auto counted = between_readings(facts);
  if (trust.probed() && (whole || !counted))
    return {tables.created, tables.exited, Engine::kProbes, trust.covered, !whole};
  if (!counted) return {};
  const std::int64_t gone = ended(*facts.counters_begin, *facts.counters_end);
  const Interval covered = as_of_window(*counted, facts);
  return {clamped(facts.counters_end->created, facts.counters_begin->created),
          gone > 0 ? static_cast<std::uint64_t>(gone) : 0,
          Engine::kCounters,
          {covered},
          clamped(covered.to_ns, covered.from_ns) < window_ns};
}

std::vector<const BlockingRow*> blocking_rows(const Tables& tables, bool system) {
  std::vector<const BlockingRow*> rows;
  for (const BlockingRow& row : tables.blocking) {
    if (system || !row.system) rows.push_back(&row);
  }
  // Ties (nothing in the window: read from memory alone) by what is blocked now; then by identity, to be
  // stable.
  const auto key = [](const BlockingRow* r) {
    return std::tuple(~r->in_window_ns, ~r->blocked_now, ~r->oldest_ns.value_or(0), r->reason, r->stack);
  };
  std::ranges::sort(rows, {}, key);
  return rows;
}

std::vector<const CreationRow*> creation_rows(const Tables& tables, bool system) {
  std::vector<const CreationRow*> rows;
  for (const CreationRow& row : tables.creation) {
    if (system || !row.system) rows.push_back(&row);
  }
  const auto key = [](const CreationRow* r) {
    return std::tuple(~r->live, ~r->created, r->gopc, r->startpc);
  };
  std::ranges::sort(rows, {}, key);
  return rows;
}

std::vector<const ObjectRow*> object_rows(const Tables& tables) {
  std::vector<const ObjectRow*> rows;
  for (const ObjectRow& row : tables.objects) rows.push_back(&row);
  const auto key = [](const ObjectRow* r) { return std::tuple(~r->in_window_ns, ~r->waits, r->address); };
  std::ranges::sort(rows, {}, key);
  return rows;
}

TableTrust row_trust(const BlockingRow& row, const TableTrust& table) {
  const bool probed = table.probed() && (row.waits.count() > 0 || row.tainted > 0 || !row.sampled ||
                                         row.in_window_ns > row.sampled->ns);
  if (probed || !row.sampled) return table;
  TableTrust own;
  own.engine = Engine::kSampling;
  own.quality = row.sampled->exact() ? Quality::kExact : Quality::kSampled;
  own.covered = table.engine == Engine::kSampling ? table.covered : table.covered_by_sampling;
  own.covered_ns = length(own.covered);
  if (own.covered_ns == 0) return table;  // a single look covers no time
  return own;
}

std::optional<std::uint64_t> waits_of(const BlockingRow& row) {
  if (row.begun) return row.begun->count;
  return row.waits.count() > 0 ? std::optional(row.waits.count()) : std::nullopt;
}

std::optional<std::uint64_t> mean_wait_ns(const BlockingRow& row) {
  const std::uint64_t count = waits_of(row).value_or(0);
  if (count == 0) return std::nullopt;
  return (row.begun ? row.in_window_ns : row.waits.total()) / count;
}

Quality quality_of(const EstimatedCount& count) {
  return count.error ? Quality::kSampled : Quality::kEstimated;
}

ObjectCoverage object_coverage(const StatFacts& facts, const Tables& tables) {
  const auto saw = [&](GroupMask groups) { return !covered_by_all(groups, facts, tables).empty(); };
  const GroupMask block = group_bit(GT_GROUP_BLOCK), chan = group_bit(GT_GROUP_CHAN),
                  sync = group_bit(GT_GROUP_SYNC);
  const bool asked = (facts.requested & kObjectGroups) != 0;
  return {.channels = {table_trust(TableKind::kChannels, facts, tables), asked && saw(block), saw(chan)},
          .semaphores = {table_trust(TableKind::kSemaphores, facts, tables), saw(block | sync), saw(sync)}};
}

ObjectFigures object_figures(const ObjectRow& row, const ObjectCoverage& coverage) {
  const bool channel = row.kind == ObjectRow::Kind::kChannel;
  const ObjectCoverage::Kind& of = channel ? coverage.channels : coverage.semaphores;
  const auto seen = [](bool saw, std::uint64_t n) { return saw || n > 0 ? std::optional(n) : std::nullopt; };
  ObjectFigures out;
  out.waits = seen(of.waits, row.waits);
  out.in_window_ns = seen(of.waits, row.in_window_ns);
  out.blocked_now = seen(of.waits, row.blocked_now);
  if (channel) {
    out.selects = seen(of.waits, row.selects);
    out.sends = seen(of.operations, row.sends);
    out.receives = seen(of.operations, row.receives);
    out.closes = seen(of.operations, row.closes);
    out.would_block = seen(of.operations, row.would_block);
  } else {
    out.acquires = seen(of.operations, row.acquires);
    out.releases = seen(of.operations, row.releases);
  }
  return out;
}

std::string reason_name(const BlockingRow& row, const StatFacts& facts) {
  if (row.in_syscall) return "syscall";
  if (row.reason >= facts.wait_reasons.size()) return fmt::format("wait reason {}", row.reason);
  const std::string& name = facts.wait_reasons[row.reason];
  return name.empty() ? "(no reason given)" : printable(name, 64);
}

}  // namespace gorotrace
