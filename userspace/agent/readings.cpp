#include "agent/readings.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"

namespace gorotrace {

Readings::Readings()
    : quota_(std::make_shared<ReaderQuota>(kMostOfOneUser, kHeldUpAfter, [] { return monotonic_ns(); })) {}

void Readings::begin(const std::shared_ptr<WatchedTarget>& target, ReadingKind kind, double ns_per_cpu_ns) {
  if (!target->begin(kind, ns_per_cpu_ns)) return;
  const std::lock_guard lock(mutex_);
  workers_.add(
      target->user(),
      [target, kind, quota = quota_](const std::stop_token&) {
        if (!quota->run(target->user(), [&] { target->read(kind); })) target->leave_out(kind);
      },
      std::stop_source());
}

std::size_t Readings::refresh(const std::vector<std::shared_ptr<WatchedTarget>>& targets, ReadingKind kind,
                              double ns_per_cpu_ns, std::chrono::milliseconds patience) {
  constexpr std::chrono::milliseconds kLookAfter(50);
  const std::uint64_t begun_ns = monotonic_ns();
  const auto deadline = std::chrono::steady_clock::now() + patience;
  std::vector<std::shared_ptr<WatchedTarget>> old;
  std::size_t late = 0;
  for (const auto& target : targets) {
    if (target->is_young(kind, ns_per_cpu_ns)) continue;
    if (target->reading_for() > patience) {
      ++late;  // it was waited for before
    } else {
      old.push_back(target);
      begin(target, kind, ns_per_cpu_ns);
    }
  }
  for (const auto& target : old) {
    for (;;) {
      std::unique_lock lock(over_->mutex);
      // One that is over while we look wakes us: it needs the mutex for it.
      if (target->was_read(kind, begun_ns)) break;
      const auto now = std::chrono::steady_clock::now();
      if (now >= deadline) {
        ++late;
        break;
      }
      over_->over.wait_until(lock, std::min(deadline, now + kLookAfter));
      lock.unlock();
      begin(target, kind, ns_per_cpu_ns);  // a reading of the lesser kind was perhaps going on
      const std::lock_guard workers(mutex_);
      workers_.look_after();
    }
  }
  return late;
}

}  // namespace gorotrace
