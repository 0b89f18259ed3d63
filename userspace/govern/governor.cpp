#include "govern/governor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "base/plural.h"
#include "base/text.h"

namespace gorotrace {

Charge charge(const std::vector<SiteCost>& sites, const TrapCosts& costs) {
  Charge sum;
  for (const SiteCost& site : sites) {
    double each = costs.of(site.execution);
    if (site.sampled != 0) each += static_cast<double>(site.sampled_ns) / static_cast<double>(site.sampled);
    const double ns = static_cast<double>(site.hits) * each;
    sum.hits += site.hits;
    sum.ns += ns;
    sum.sites.push_back({site.groups, ns});
  }
  return sum;
}

void Charge::add_weighted(const Charge& from, const Charge& to, double weight) {
  hits += to.hits - from.hits;
  ns += weight * std::max(0.0, to.ns - from.ns);
  sites.resize(to.sites.size());
  for (std::size_t i = 0; i < to.sites.size(); ++i) {
    const double was = i < from.sites.size() ? from.sites[i].ns : 0;
    sites[i].groups = to.sites[i].groups;
    sites[i].ns += weight * std::max(0.0, to.sites[i].ns - was);
  }
}

namespace {

// What the sites that `groups` need were charged between two moments.
double charged_for(GroupMask groups, const Charge& from, const Charge& to) {
  double sum = 0;
  for (std::size_t i = 0; i < std::min(from.sites.size(), to.sites.size()); ++i) {
    if ((to.sites[i].groups & groups) != 0) sum += to.sites[i].ns - from.sites[i].ns;
  }
  return sum;
}

// What to type for groups that cost so much to stay: a fifth more than was spent.
std::string advice(double spent_ns, double elapsed_ns, double target_cpu_ns) {
  const double percent = target_cpu_ns > 0 ? std::ceil(120 * spent_ns / target_cpu_ns) : 101;
  const std::string enough = percent <= 100
                                 ? fmt::format("{:.0f}%", percent)
                                 : fmt::format("{:.1f}cpu", std::max(0.1, 1.2 * spent_ns / elapsed_ns));
  return fmt::format("--budget {} would keep them, or give fewer groups by --probes", enough);
}

}  // namespace

Governor::Governor(Budget budget, std::uint64_t seed, std::uint64_t grace_ns)
    : budget_(budget),
      grace_ns_(grace_ns),
      phase_ns_(grace_ns),
      random_(seed),
      room_share_(budget.cpus.value_or(budget.floor_cpu)) {}

// What the budget leaves for that time.
double Governor::room(double elapsed_ns, double target_cpu_ns) const {
  const double room = budget_.cpus ? *budget_.cpus * elapsed_ns
                                   : std::max(budget_.target_share.value_or(0) * target_cpu_ns,
                                              budget_.floor_cpu * elapsed_ns);
  return cap_cpus_ ? std::min(room, *cap_cpus_ * elapsed_ns) : room;
}

void Governor::save(std::uint64_t now_ns, const Charge& charged, std::uint64_t target_cpu_ns) {
  if (saved_at_) {
    const auto elapsed = static_cast<double>(now_ns - saved_at_->now_ns);
    const double left = room(elapsed, static_cast<double>(target_cpu_ns - saved_at_->cpu_ns));
    if (elapsed > 0) room_share_ = left / elapsed;
    saved_ns_ = std::min(saved_ns_ + left - (charged.ns - saved_at_->charged_ns), kAheadNs * room_share_);
  }
  saved_at_ = Spent{now_ns, charged.ns, target_cpu_ns};
  deepest_ns_ = std::min(deepest_ns_, saved_ns_);
}

std::optional<double> Governor::allowed_ns() const {
  if (budget_.unlimited) return std::nullopt;
  return std::max(0.0, saved_ns_ + kPhaseNs * room_share_);
}

void Governor::begin_phase(std::uint64_t now_ns) {
  std::uniform_real_distribution<double> length(longest_ns_ / 3, longest_ns_);
  phase_ns_ = static_cast<std::uint64_t>(length(random_));
  phase_ends_ns_ = now_ns + phase_ns_;
  deepest_ns_ = 0;
}

// By what the last one took, and had room for, in the same time.
void Governor::plan_phases(double spent_ns, double room_ns) {
  const double grace = static_cast<double>(grace_ns_), ratio = room_ns / spent_ns;
  longest_ns_ = std::clamp(kPhaseNs * ratio - kLagNs, grace / 8, grace * 1.5);
  // Anything up to what the phase cost is saved ahead of the next one.
  enough_ns_ = std::uniform_real_distribution<double>(0, 1)(random_) * std::max(-deepest_ns_, 0.0);
}

GroupMask Governor::step(std::uint64_t now_ns, const Charge& charged, std::uint64_t target_cpu_ns,
                         GroupMask on, GroupMask wanted, GroupMask over) {
  if (budget_.unlimited) return on;
  // Figures from before a change say nothing about what is on now; counters that fall are another process's.
  const bool restarted = saved_at_ && (now_ns <= saved_at_->now_ns || charged.ns < saved_at_->charged_ns ||
                                       target_cpu_ns < saved_at_->cpu_ns);
  if (on != last_on_ || restarted) window_.clear();
  if (restarted) saved_at_.reset();
  save(now_ns, charged, target_cpu_ns);
  if ((wanted & ~on) != 0 && saved_ns_ > enough_ns_) {
    begin_phase(now_ns);
    window_.assign(1, {now_ns, charged, target_cpu_ns});
    last_on_ = on | wanted;
    return last_on_;
  }
  last_on_ = on;
  window_.push_back({now_ns, charged, target_cpu_ns});
  // The shortest window that spans the grace time.
  while (window_.size() > 2 && now_ns - window_[1].now_ns >= phase_ns_) window_.erase(window_.begin());
  const Sample& from = window_.front();
  const std::uint64_t elapsed_ns = now_ns - from.now_ns;
  const bool at_once = (on & over) != 0;
  if (elapsed_ns == 0 || (elapsed_ns < phase_ns_ && !at_once)) return on;

  const auto elapsed = static_cast<double>(elapsed_ns);
  const double left = room(elapsed, static_cast<double>(target_cpu_ns - from.cpu_ns));
  // What has been told to go is hit for some time still.
  const double spent = charged_for(on, from.charged, charged);
  if (spent <= left && !at_once) return on;
  // What passed the kernel's limit in a burst may have stayed below the average, of which the text would not
  // be true: the limit is what a phase may take in all.
  overrun_ = spent > left
                 ? fmt::format("tracing took {:.3g} % of one CPU for {}, the budget leaves {:.3g} %; {}",
                               100 * spent / elapsed, format_duration(elapsed_ns), 100 * left / elapsed,
                               advice(spent, elapsed, static_cast<double>(target_cpu_ns - from.cpu_ns)))
                 : fmt::format(
                       "{} in {} passed the limit that the budget sets one phase of tracing; give more by "
                       "--budget, or fewer groups by --probes",
                       plural(charged.hits - from.charged.hits, "hit"), format_duration(elapsed_ns));
  GroupMask stay = on & ~over;
  // A program that panics all the time: what takes everything by itself goes first.
  for (const gt_group group : {GT_GROUP_GC, GT_GROUP_PANIC}) {
    if (charged_for(on & group_bit(group), from.charged, charged) > left) stay &= ~group_bit(group);
  }
  for (const gt_group group : kDetachOrder) {
    if (stay != on && charged_for(stay, from.charged, charged) <= left) break;
    stay &= ~group_bit(group);
  }
  window_.clear();
  last_on_ = stay;
  plan_phases(spent, left);
  enough_ns_ = std::min(enough_ns_, kAheadNs / 2 * left / elapsed);
  return stay;
}

}  // namespace gorotrace
