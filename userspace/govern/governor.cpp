#include "govern/governor.h"

#include <algorithm>

namespace gorotrace {

Charge charge(const std::vector<SiteCost>& sites, const TrapCosts& costs) {
  Charge sum;
  for (const SiteCost& site : sites) {
    const auto hits = static_cast<double>(site.hits);
    sum.hits += site.hits;
    sum.ns += hits * costs.of(site.execution);
    if (site.sampled != 0) {
      sum.ns += hits * (static_cast<double>(site.sampled_ns) / static_cast<double>(site.sampled));
    }
  }
  return sum;
}

Governor::Governor(Budget budget, std::uint64_t grace_ns) : budget_(budget), grace_ns_(grace_ns) {}

GroupMask Governor::step(std::uint64_t now_ns, double charged_ns, std::uint64_t target_cpu_ns, GroupMask on) {
  if (budget_.unlimited) return on;
  // Figures from before a change say nothing about what is on now; counters that fall are another process's.
  const bool restarted =
      !window_.empty() && (now_ns <= window_.back().now_ns || charged_ns < window_.back().charged_ns ||
                           target_cpu_ns < window_.back().cpu_ns);
  if (on != last_on_ || restarted) window_.clear();
  last_on_ = on;
  window_.push_back({now_ns, charged_ns, target_cpu_ns});
  // The shortest window that spans the grace time.
  while (window_.size() > 2 && now_ns - window_[1].now_ns >= grace_ns_) window_.erase(window_.begin());
  const Sample& from = window_.front();
  const std::uint64_t elapsed_ns = now_ns - from.now_ns;
  if (elapsed_ns < grace_ns_ || elapsed_ns == 0) return on;

  const auto elapsed = static_cast<double>(elapsed_ns);
  const double room =
      budget_.cpus
          ? *budget_.cpus * elapsed
          : std::max(budget_.target_share.value_or(0) * static_cast<double>(target_cpu_ns - from.cpu_ns),
                     kFloorCpu * elapsed);
  if (charged_ns - from.charged_ns <= room) return on;
  for (const gt_group group : kDetachOrder) {
    if ((on & group_bit(group)) == 0) continue;
    window_.clear();
    last_on_ = on & ~group_bit(group);
    return last_on_;
  }
  return on;
}

}  // namespace gorotrace
