// Waits on their way from the models to whoever writes them one by one. Bounded: what does not fit is dropped
// and counted, so that a reader that stands still holds up no model. Threads: any.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "model/model.h"
#include "stream/item.h"

namespace gorotrace {

struct EndedWaits {
  std::shared_ptr<const TargetBegun> target;
  std::vector<Wait> waits;
};

class WaitQueue {
 public:
  explicit WaitQueue(std::size_t max_waits) : max_waits_(max_waits) {}

  void push(EndedWaits ended) {
    const std::lock_guard lock(mutex_);
    if (queued_ + ended.waits.size() > max_waits_) {
      dropped_ += ended.waits.size();
      return;
    }
    queued_ += ended.waits.size();
    queue_.push_back(std::move(ended));
    filled_.notify_one();
  }
  // Nothing when none came in time.
  [[nodiscard]] std::optional<EndedWaits> pop(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    if (!filled_.wait_for(lock, patience, [&] { return !queue_.empty(); })) return std::nullopt;
    EndedWaits ended = std::move(queue_.front());
    queue_.pop_front();
    queued_ -= ended.waits.size();
    return ended;
  }
  [[nodiscard]] std::uint64_t dropped() const {
    const std::lock_guard lock(mutex_);
    return dropped_;
  }

 private:
  const std::size_t max_waits_;
  mutable std::mutex mutex_;
  std::condition_variable filled_;
  std::deque<EndedWaits> queue_;
  std::size_t queued_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace gorotrace
