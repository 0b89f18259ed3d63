#include "snapshot/collection_times.h"

#include <algorithm>

namespace gorotrace {

CollectionTimes::CollectionTimes(std::span<const GoroutineSnapshot> goroutines) {
  for (const GoroutineSnapshot& g : goroutines) {
    if (g.wait_since_ns != 0) times_.push_back(g.wait_since_ns);
  }
  std::sort(times_.begin(), times_.end());
  times_.erase(std::unique(times_.begin(), times_.end()), times_.end());
}

std::uint64_t CollectionTimes::waited_at(const GoroutineSnapshot& g) const {
  const bool waits =
      g.status == GStatus::kWaiting || g.status == GStatus::kSyscall || g.status == GStatus::kLeaked;
  if (!waits || g.wait_since_ns == 0) return 0;
  const auto next = std::upper_bound(times_.begin(), times_.end(), g.wait_since_ns);
  return next == times_.end() || *next > g.read_at_ns ? 0 : *next;
}

}  // namespace gorotrace
