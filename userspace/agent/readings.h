// Has targets read by threads that may be held up, and waits for them no longer than a caller can.
// Threads: any.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "agent/reader_quota.h"
#include "agent/watched_target.h"
#include "session/look_workers.h"

namespace gorotrace {

class Readings {
 public:
  Readings();
  // Each process that holds up whoever reads it takes one of these for good, those of one user so many. In
  // the time until one is held up for certain some more may be taken, and who reads slowly is held up by
  // nobody for good: that many are at work for one user.
  static constexpr std::size_t kMostThreads = 64, kMostOfOneUser = 16, kMostAtWorkForOne = 24;

  [[nodiscard]] std::shared_ptr<ReadingsOver> over() const { return over_; }
  // Until each was read whose figures were not young enough, or for that long; how many were not.
  std::size_t refresh(const std::vector<std::shared_ptr<WatchedTarget>>& targets, ReadingKind kind,
                      double ns_per_cpu_ns, std::chrono::milliseconds patience);

 private:
  void begin(const std::shared_ptr<WatchedTarget>& target, ReadingKind kind, double ns_per_cpu_ns);

  const std::shared_ptr<ReadingsOver> over_ = std::make_shared<ReadingsOver>();
  const std::shared_ptr<ReaderQuota> quota_;  // shared with who is held up
  std::mutex mutex_;                          // workers_
  LookWorkers workers_{kMostThreads, kMostAtWorkForOne};
};

}  // namespace gorotrace
