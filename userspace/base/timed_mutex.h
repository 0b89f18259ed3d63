// A mutex whose wait can have an end. std::timed_mutex would do, were it not for ThreadSanitizer: that of
// g++ 12 does not see pthread_mutex_clocklock, and takes every unlock behind it for a fault.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace gorotrace {

// For std::unique_lock, with a time or without.
class TimedMutex {
 public:
  void lock() {
    std::unique_lock lock(mutex_);
    free_.wait(lock, [&] { return !held_; });
    held_ = true;
  }
  [[nodiscard]] bool try_lock_for(std::chrono::nanoseconds patience) {
    std::unique_lock lock(mutex_);
    if (!free_.wait_for(lock, patience, [&] { return !held_; })) return false;
    held_ = true;
    return true;
  }
  void unlock() {
    const std::lock_guard lock(mutex_);
    held_ = false;
    free_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable free_;
  bool held_ = false;
};

}  // namespace gorotrace
