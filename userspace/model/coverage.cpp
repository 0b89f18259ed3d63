#include "model/coverage.h"

#include <algorithm>

namespace gorotrace {

void Coverage::on(gt_group group, std::uint64_t at_ns) {
  PerGroup& g = groups_[group];
  if (g.on) return;
  g.on = true;
  g.since = at_ns;
}

void Coverage::off(gt_group group, std::uint64_t at_ns) {
  PerGroup& g = groups_[group];
  if (!g.on) return;
  close(g, at_ns);
  g.on = false;
}

void Coverage::gap(std::uint64_t from_ns, std::uint64_t to_ns) {
  for (PerGroup& g : groups_) {
    if (!g.on) continue;
    close(g, from_ns);
    g.since = std::max(g.since, to_ns);
  }
}

void Coverage::resume(gt_group group, bool on, std::uint64_t since_ns, std::uint64_t from_ns) {
  groups_[group] = {on, since_ns, {}};
  from_ns_ = from_ns;
}

void Coverage::close(PerGroup& group, std::uint64_t at_ns) const {
  const std::uint64_t from = std::max(group.since, from_ns_);
  if (at_ns <= from) return;
  group.past.push_back({from, at_ns});
  if (group.past.size() <= kMaxIntervals) return;
  const auto shortest = std::min_element(group.past.begin(), group.past.end(), [](Interval a, Interval b) {
    return a.to_ns - a.from_ns < b.to_ns - b.from_ns;
  });
  group.past.erase(shortest);
}

std::vector<Interval> Coverage::intervals(gt_group group, std::uint64_t at_ns) const {
  const PerGroup& g = groups_[group];
  std::vector<Interval> out = g.past;
  const std::uint64_t from = std::max(g.since, from_ns_);
  if (g.on && at_ns > from) out.push_back({from, at_ns});
  return out;
}

}  // namespace gorotrace
