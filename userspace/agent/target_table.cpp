#include "agent/target_table.h"

#include <chrono>
#include <utility>

#include "base/clock.h"
#include "base/number.h"

namespace gorotrace {

void TargetTable::remember(const KnownTarget& gone) {
  if (!gone.watched) return;
  const TargetFigures figures = gone.watched->figures();
  gone_.readings += figures.readings;
  gone_.errors += figures.errors;
  gone_.cpu_ns += figures.cpu_ns;
}

void TargetTable::put(KnownTarget target) {
  const std::lock_guard lock(mutex_);
  const auto [at, fresh] = targets_.try_emplace({target.info.pid, target.info.id});
  KnownTarget& kept = at->second;
  target.info.since_ns = fresh ? monotonic_ns() : kept.info.since_ns;
  if (kept.watched != target.watched) remember(kept);
  if (target.watched) ++watched_;
  if (kept.watched) --watched_;
  kept = std::move(target);
}

TargetTable::Targets::iterator TargetTable::erase(Targets::iterator at) {
  remember(at->second);
  if (at->second.watched) --watched_;
  return targets_.erase(at);
}

std::size_t TargetTable::erase(pid_t pid) {
  const std::lock_guard lock(mutex_);
  std::size_t count = 0;
  for (auto at = targets_.lower_bound({pid, ""}); at != targets_.end() && at->first.first == pid; ++count)
    at = erase(at);
  return count;
}

std::size_t TargetTable::erase(pid_t pid, const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto at = targets_.find({pid, id});
  if (at == targets_.end()) return 0;
  erase(at);
  return 1;
}

void TargetTable::clear() {
  Targets gone;
  const std::lock_guard lock(mutex_);
  std::swap(gone, targets_);
  watched_ = 0;
}

std::vector<KnownTarget> TargetTable::of(pid_t pid) const {
  const std::lock_guard lock(mutex_);
  std::vector<KnownTarget> out;
  for (auto at = targets_.lower_bound({pid, ""}); at != targets_.end() && at->first.first == pid; ++at)
    out.push_back(at->second);
  return out;
}

std::optional<KnownTarget> TargetTable::find(std::string_view id) const {
  const auto pid = whole_number<pid_t>(id.substr(0, id.find('-')));
  const std::lock_guard lock(mutex_);
  const auto at = pid ? targets_.find({*pid, std::string(id)}) : targets_.end();
  return at == targets_.end() ? std::nullopt : std::optional(at->second);
}

std::vector<KnownTarget> TargetTable::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<KnownTarget> out;
  out.reserve(targets_.size());
  for (const auto& [key, target] : targets_) out.push_back(target);
  return out;
}

std::size_t TargetTable::watched() const {
  const std::lock_guard lock(mutex_);
  return watched_;
}

std::vector<WatchedId> TargetTable::watched_ids() const {
  std::vector<WatchedId> out;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, target] : targets_) {
      if (target.watched && !(target.watched->reading_for() > kHeldUpAfter))
        out.push_back({target.info.id, target.info.probes, target.info.user});
    }
  }
  std::ranges::sort(out, {}, &WatchedId::id);
  return out;
}

ReadingTotals TargetTable::totals() const {
  const std::lock_guard lock(mutex_);
  ReadingTotals out = gone_;
  for (const auto& [key, target] : targets_) {
    if (!target.watched) continue;
    const TargetFigures figures = target.watched->figures();
    out.readings += figures.readings;
    out.errors += figures.errors;
    out.cpu_ns += figures.cpu_ns;
  }
  return out;
}

AgentTarget shown_target(const KnownTarget& known, const TargetFigures& figures) {
  AgentTarget out = known.info;
  if (!known.watched) return out;
  if (figures.counters) {
    out.goroutines = figures.counters->live;
    out.created = figures.counters->created;
    out.exited = figures.exited;
    out.syscalls = figures.counters->syscalls;
  }
  out.read_ns = figures.counters_ns;
  out.readings = figures.readings;
  out.read_errors = figures.errors;
  out.cost_cpu_ns = figures.cpu_ns;
  if (known.watched->reading_for() > kHeldUpAfter) {
    out.state = WatchState::kHeldUp;
    out.reason = "it does not let go of whoever reads its memory";
  } else {
    out.reason = figures.error;
  }
  return out;
}

AgentTarget shown_target(const KnownTarget& known) {
  return shown_target(known, known.watched ? known.watched->figures() : TargetFigures{});
}

}  // namespace gorotrace
