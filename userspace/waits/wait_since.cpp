#include "waits/wait_since.h"

#include <algorithm>

namespace gorotrace {

CollectionTimes::CollectionTimes(const Snapshot& snapshot) {
  for (const GoroutineSnapshot& g : snapshot.goroutines) {
    if (g.wait_since_ns != 0) times_.push_back(g.wait_since_ns);
  }
  std::sort(times_.begin(), times_.end());
  times_.erase(std::unique(times_.begin(), times_.end()), times_.end());
}

std::optional<WaitingAtLeast> CollectionTimes::waiting_at_least(const GoroutineSnapshot& g,
                                                                std::uint64_t now_ns) const {
  if (g.wait_since_ns == 0) return std::nullopt;
  const auto next = std::upper_bound(times_.begin(), times_.end(), g.wait_since_ns);
  if (next == times_.end() || *next > now_ns) return std::nullopt;
  return WaitingAtLeast{now_ns - *next, "waitsince"};
}

}  // namespace gorotrace
