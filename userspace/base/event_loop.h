// One place to wait: for descriptors (a pidfd, a signalfd, an eventfd) and for times. No wait is without a
// bound, and none is computed as a difference that could wrap: the kernel is given the absolute time, so a
// time that has passed ends the wait at once (timerfd_create(2), TFD_TIMER_ABSTIME).
// Threads: one owner thread, which runs all actions.
#pragma once

#include <chrono>
#include <functional>
#include <map>

#include "base/result.h"
#include "base/timers.h"
#include "base/unique_fd.h"

namespace gorotrace {

class EventLoop {
 public:
  using Action = std::function<void()>;
  // Also without any timer nothing is waited for longer: what a lost wake-up would cost.
  static constexpr std::chrono::milliseconds kLongestWait{1000};

  [[nodiscard]] static Result<EventLoop> make(Timers::ClockFunction clock = std::chrono::steady_clock::now);

  // Called again and again while fd is readable, until forget(). fd stays open until then.
  [[nodiscard]] Status on_readable(int fd, Action action);
  void forget(int fd);
  [[nodiscard]] Timers& timers() { return timers_; }

  // Until an action calls stop(). What is readable comes first, then what is due.
  [[nodiscard]] Status run();
  void stop() { stopped_ = true; }

  // The longest time by which a wait ended later than it was to: this process did not run (SIGSTOP, a machine
  // that is too busy).
  [[nodiscard]] std::chrono::nanoseconds overslept() const { return overslept_; }

 private:
  explicit EventLoop(Timers::ClockFunction clock) : timers_(std::move(clock)) {}
  [[nodiscard]] Status arm(MonotonicTime when);
  [[nodiscard]] Status wait();

  Timers timers_;
  UniqueFd epoll_, timer_;
  std::map<int, Action> actions_;
  bool stopped_ = false;
  std::chrono::nanoseconds overslept_{0};
};

}  // namespace gorotrace
