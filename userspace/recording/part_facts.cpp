#include "recording/part_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "model/delta.h"

namespace gorotrace {
namespace {

// The counters are read about once a second: those of another time say nothing of the part.
bool of_the_part(const std::optional<RuntimeCounters>& counters, std::uint64_t at_ns, const StatFacts& part) {
  if (!counters) return false;
  const std::uint64_t apart = std::max(counters->time_ns, at_ns) - std::min(counters->time_ns, at_ns);
  return apart <= (part.end_ns - part.begin_ns) / 20;
}

// By its events and its length: an estimate, as the whole's is.
CostFacts cost_of_part(const StatFacts& whole, const StatFacts& part, const Came& all, const Came& came) {
  const auto share = [](std::uint64_t of, std::uint64_t in_all) {
    return in_all == 0 ? 0 : std::min(1.0, static_cast<double>(of) / static_cast<double>(in_all));
  };
  const double events = share(came.records + came.lost, all.records + all.lost);
  const double time =
      share(part.end_ns - part.begin_ns, whole.end_ns - std::min(whole.begin_ns, whole.end_ns));
  CostFacts cost;
  cost.hits = static_cast<std::uint64_t>(static_cast<double>(whole.cost.hits) * events);
  cost.charged_ns = whole.cost.charged_ns * events;
  cost.target_cpu_ns = static_cast<std::uint64_t>(static_cast<double>(whole.cost.target_cpu_ns) * time);
  return cost;
}

// Of a part that begins where something was told of it, and goes to the end: what came since.
std::optional<CostFacts> cost_since(const CostFacts& whole, const std::optional<CostCharged>& before) {
  if (!before || before->hits > whole.hits || before->target_cpu_ns > whole.target_cpu_ns)
    return std::nullopt;
  CostFacts cost;
  cost.hits = whole.hits - before->hits;
  cost.charged_ns = std::max(0.0, whole.charged_ns - before->charged_ns);
  cost.target_cpu_ns = whole.target_cpu_ns - before->target_cpu_ns;
  return cost;
}

// On up to the end.
GroupMask on_at(const Tables& tables, std::uint64_t end_ns) {
  GroupMask on = 0;
  for (unsigned g = 0; g < GT_GROUP_COUNT; ++g) {
    const std::vector<Interval>& covered = tables.covered[g];
    if (!covered.empty() && covered.back().to_ns >= end_ns) on |= group_bit(static_cast<gt_group>(g));
  }
  return on;
}

EventFacts events_of(const Came& came) {
  return {.produced = came.records + came.lost,
          .received = came.records,
          .dropped = {{"lost", came.lost}},
          .stack_failed = {},
          .in_window = came.records};
}

}  // namespace

EventFacts events_in_file(EventFacts told, const Came& came) {
  EventFacts events = events_of(came);
  events.stack_failed = std::move(told.stack_failed);
  if (told.dropped_total() > came.lost) return events;
  // Why the rest was lost nobody said.
  events.dropped = std::move(told.dropped);
  const std::uint64_t known = events.dropped_total();
  if (known < came.lost) events.dropped.emplace_back("lost", came.lost - known);
  return events;
}

std::uint64_t count_damaged(EventFacts& told, std::uint64_t records) {
  if (told.received <= records) return 0;
  const std::uint64_t lost = told.received - records;
  told.received = records;
  if (told.in_window) *told.in_window = std::min(*told.in_window, records);
  told.dropped.emplace_back("file_damaged", lost);
  return lost;
}

StatFacts facts_of_stream(StatFacts facts, const Tables& tables, const Came& came,
                          std::optional<std::uint64_t> window_ns, std::uint64_t end_ns,
                          std::uint64_t told_to_ns) {
  facts.begin_ns = std::min(window_ns.value_or(end_ns), end_ns);
  facts.end_ns = end_ns;
  facts.events = events_of(came);
  facts.on_at_end = on_at(tables, told_to_ns);
  for (unsigned g = 0; g < GT_GROUP_COUNT; ++g) {
    const std::vector<Interval>& covered = tables.covered[g];
    if (covered.empty()) continue;
    const auto group = static_cast<gt_group>(g);
    facts.requested |= group_bit(group);
    if ((facts.on_at_end & group_bit(group)) == 0)
      facts.detached.push_back({group, covered.back().to_ns, "the file does not say why"});
  }
  return facts;
}

std::optional<PartKnown> known_of_part(const StatFacts& whole, const PartWanted& wanted,
                                       const PartOfWindow& part, const Moment& end) {
  if (wanted.from_ns && (!part.from() || part.from()->at_ns >= end.at_ns)) return std::nullopt;
  const bool to_the_end = !part.to() || part.to()->at_ns >= end.at_ns;
  const Moment& to = to_the_end ? end : *part.to();
  PartKnown out;
  StatFacts& facts = out.facts;
  facts.target = whole.target;
  facts.wait_reasons = whole.wait_reasons;
  facts.requested = whole.requested;
  facts.incomplete = whole.incomplete;
  facts.calibrated = whole.calibrated;
  facts.shared_probes = whole.shared_probes;
  facts.begin_ns = whole.begin_ns;
  facts.end_ns = to.at_ns;
  facts.counters_begin = whole.counters_begin;
  facts.counters_end = to.counters;
  facts.live_at_start = whole.live_at_start;
  facts.of_c_threads_at_start = whole.of_c_threads_at_start;
  if (to_the_end) facts.ended_by = whole.ended_by;
  Came came = to.came;
  out.tables = to.tables;
  const std::optional<Moment>& from = part.from() ? part.from() : part.start();
  std::optional<CostFacts> known_cost;
  if (to_the_end && !wanted.from_ns)
    known_cost = from ? cost_since(whole.cost, from->cost) : std::optional(whole.cost);
  if (from) {
    facts.begin_ns = from->at_ns;
    facts.counters_begin = from->counters;
    facts.live_at_start =
        from->tables.looked ? std::optional<std::uint64_t>(from->tables.live) : std::nullopt;
    facts.of_c_threads_at_start = from->tables.of_c_threads;
    came = {came.records - from->came.records, came.lost - from->came.lost};
    if (part.from()) out.tables = delta(from->tables, to.tables);  // else they begin there
  }
  facts.events = events_of(came);
  if (!of_the_part(facts.counters_begin, facts.begin_ns, facts) ||
      !of_the_part(facts.counters_end, facts.end_ns, facts))
    facts.counters_begin = facts.counters_end = std::nullopt;
  out.cost_is_told = known_cost.has_value();
  facts.cost = known_cost ? *known_cost : cost_of_part(whole, facts, end.came, came);
  std::ranges::copy_if(whole.detached, std::back_inserter(facts.detached), [&](const Detachment& d) {
    return d.at_ns > facts.begin_ns && d.at_ns <= facts.end_ns;
  });
  // Estimates of the whole window.
  out.tables.phases.reset();
  for (BlockingRow& row : out.tables.blocking) row.begun.reset();
  facts.on_at_end = on_at(out.tables, to.at_ns);
  facts.notices = whole.notices;
  facts.notices.push_back(fmt::format(
      "a part of the recording: what the session knew of the whole alone is not shown (latencies of the "
      "runtime's own, its cross-check, what sampling took){}",
      known_cost ? "" : ", and its cost is a share of the whole's"));
  return out;
}

}  // namespace gorotrace
