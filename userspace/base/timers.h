// What is due when. Times are signed: what is late is overdue and not, as an unsigned difference would have
// it, due in some hundred years. Pure but for the clock it is given. Threads: one owner thread.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace gorotrace {

// CLOCK_MONOTONIC (libstdc++ and libc++ both read it) of our time namespace: steady_time() of base/clock.h.
using MonotonicTime = std::chrono::steady_clock::time_point;

class Timers {
 public:
  using Action = std::function<void()>;
  using ClockFunction = std::function<MonotonicTime()>;
  explicit Timers(ClockFunction clock = std::chrono::steady_clock::now) : clock_(std::move(clock)) {}

  void at(MonotonicTime when, Action action) { timers_.push_back({when, {}, std::move(action)}); }
  // Turns that were missed, because an action or the whole process took longer, are left out: no burst makes
  // up for them. The next one is then a whole period away.
  void every(std::chrono::nanoseconds period, MonotonicTime first, Action action) {
    timers_.push_back({first, period, std::move(action)});
  }
  void every(std::chrono::nanoseconds period, Action action) {
    every(period, clock_() + period, std::move(action));
  }

  // Runs what is due, each at most once, in the order in which they were added, as long as `go_on` says so.
  // An action may add timers.
  void run_due(const std::function<bool()>& go_on = [] { return true; });
  [[nodiscard]] std::optional<MonotonicTime> next() const;
  [[nodiscard]] MonotonicTime now() const { return clock_(); }

 private:
  struct Timer {
    MonotonicTime due;
    std::chrono::nanoseconds period;  // 0: once
    Action action;
  };
  ClockFunction clock_;
  std::vector<Timer> timers_;
};

}  // namespace gorotrace
