#include "top/rolling_stat.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>

#include "base/clock.h"
#include "top/rows.h"

namespace gorotrace {
namespace {

// Not more than that many documents are kept, however often they come.
constexpr std::size_t kMostKept = 16;

// Of independent errors of two stretches that together have this one.
double error_between(double now, double before) {
  return std::sqrt(std::max(0.0, now * now - before * before));
}

void subtract(std::optional<std::uint64_t>& now, const std::optional<std::uint64_t>& before) {
  if (now && before) now = since(*now, *before);
}

void subtract_error(std::optional<std::uint64_t>& now, const std::optional<std::uint64_t>& before) {
  if (now && before)
    now = static_cast<std::uint64_t>(error_between(static_cast<double>(*now), static_cast<double>(*before)));
}

void subtract_states(TopStat& now, const TopStat& before) {
  for (TopState& state : now.states) {
    const auto was = std::ranges::find(before.states, state.name, &TopState::name);
    if (was == before.states.end()) continue;
    state.seconds = std::max(0.0, state.seconds - was->seconds);
    if (state.error && was->error) state.error = error_between(*state.error, *was->error);
  }
}

void subtract_waits(TopStat& now, const TopStat& before) {
  std::map<std::string, const TopWait*> then;
  for (const TopWait& wait : before.waits) then.emplace(wait_id(wait), &wait);
  for (TopWait& wait : now.waits) {
    const auto was = then.find(wait_id(wait));
    if (was == then.end()) continue;
    wait.in_window_ns = since(wait.in_window_ns, was->second->in_window_ns);
    subtract_error(wait.error_ns, was->second->error_ns);
  }
  // Nobody waited there, and nobody does.
  std::erase_if(now.waits, [](const TopWait& wait) { return wait.in_window_ns == 0 && wait.blocked == 0; });
}

void subtract_sites(TopStat& now, const TopStat& before) {
  std::map<std::string, const TopSite*> then;
  for (const TopSite& site : before.sites) then.emplace(site_id(site), &site);
  for (TopSite& site : now.sites) {
    const auto was = then.find(site_id(site));
    if (was == then.end()) continue;
    subtract(site.created, was->second->created);
    subtract(site.exited, was->second->exited);
    subtract(site.lived_ns, was->second->lived_ns);
    subtract_error(site.error_ns, was->second->error_ns);
  }
  std::erase_if(now.sites, [](const TopSite& site) {
    return site.live == 0 && site.created.value_or(0) == 0 && site.lived_ns.value_or(0) == 0;
  });
}

TopStat difference(TopStat now, const TopStat& before) {
  now.begin_ns = before.begin_ns + before.window_ns;
  now.window_ns -= before.window_ns;
  now.live_at_start = before.live;
  subtract(now.created, before.created);
  subtract(now.exited, before.exited);
  now.live_integral_s = std::max(0.0, now.live_integral_s - before.live_integral_s);
  subtract_states(now, before);
  subtract_waits(now, before);
  subtract_sites(now, before);
  return now;
}

}  // namespace

TopStat RollingStat::take(TopStat now) {
  // Another window, or one that went back: of another process, or sampled anew.
  if (!before_.empty() &&
      (before_.back().begin_ns != now.begin_ns || before_.back().window_ns > now.window_ns))
    before_.clear();
  if (!before_.empty() && before_.back().window_ns == now.window_ns)
    before_.pop_back();  // the same once more
  const auto length = static_cast<std::uint64_t>(length_.count());
  const auto age = [&](const TopStat& document) { return now.window_ns - document.window_ns; };
  // The youngest of those that are old enough goes first.
  while (before_.size() > 1 && age(before_[1]) >= length) before_.pop_front();
  TopStat shown = !before_.empty() && age(before_.front()) >= length ? difference(now, before_.front()) : now;
  // Those that came in quick succession have no use of their own.
  const bool crowded =
      before_.size() >= 2 && now.window_ns - before_[before_.size() - 2].window_ns < length / kMostKept;
  if (crowded) before_.pop_back();
  before_.push_back(std::move(now));
  return shown;
}

}  // namespace gorotrace
