#include "report/facts_json.h"

#include <utility>

namespace gorotrace {
namespace {

std::uint64_t since(std::uint64_t at, std::uint64_t begin) {
  return at > begin ? at - begin : 0;
}

}  // namespace

Json groups_json(GroupMask mask) {
  Json out = Json::array();
  for (unsigned g = 0; g < GT_GROUP_COUNT; ++g) {
    if ((mask & (1u << g)) != 0) out.push_back(group_name(static_cast<gt_group>(g)));
  }
  return out;
}

Json events_json(const EventFacts& events) {
  Json by_reason = Json::object(), stacks = Json::object();
  for (const auto& [reason, n] : events.dropped) by_reason[reason] = n;
  for (const auto& [reason, n] : events.stack_failed) stacks[reason] = n;
  return {{"produced", events.produced},
          {"received", events.received},
          {"dropped", events.dropped_total()},
          {"by_reason", std::move(by_reason)},
          {"stack_failed", std::move(stacks)}};
}

Json cost_json(const StatFacts& facts) {
  const CostFacts& c = facts.cost;
  const std::uint64_t window = since(facts.end_ns, facts.begin_ns);
  const auto percent = [&](std::uint64_t of) {
    return of > 0 ? Json(100 * c.charged_ns / static_cast<double>(of)) : Json(nullptr);
  };
  Json detached = Json::array();
  for (const Detachment& d : facts.detached) {
    detached.push_back(
        {{"group", group_name(d.group)}, {"at_ns", since(d.at_ns, facts.begin_ns)}, {"reason", d.reason}});
  }
  return {{"hits", c.hits},
          {"charged_ns", c.charged_ns},
          {"target_cpu_percent", percent(c.target_cpu_ns)},
          {"of_one_cpu_percent", percent(window)},
          {"calibrated_ns", facts.calibrated ? Json{{"emulated", facts.calibrated->emulated_ns},
                                                    {"single_step", facts.calibrated->single_step_ns}}
                                             : Json(nullptr)},
          {"detached", std::move(detached)},
          {"quality", "estimated"}};
}

Json census_json(const StatFacts& facts) {
  if (!facts.census) return nullptr;
  const CensusFacts& c = *facts.census;
  const auto per = [](std::uint64_t n, std::uint64_t of, double unit) {
    return of > 0 ? Json(unit * static_cast<double>(n) / static_cast<double>(of)) : Json(nullptr);
  };
  return {{"looks", c.looks},
          {"looks_at_all", c.looks_at_all},
          {"missed", c.missed},
          {"slots_per_look", per(c.goroutines_seen, c.looks, 1)},
          {"without_stack", c.without_stack},
          {"resolution_ns", per(c.time_ns, c.looks, 1)},
          {"of_one_cpu_percent", per(c.cpu_ns, c.time_ns, 100)}};
}

}  // namespace gorotrace
