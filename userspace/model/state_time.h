// Goroutine-nanoseconds by state, O(1) per transition and per query: per state the number of goroutines and
// the sum of the times they entered it. Sums wrap modulo 2^64; the differences that are asked for do not.
#pragma once

#include <array>
#include <cstdint>

#include "model/model.h"

namespace gorotrace {

class StateTime {
 public:
  void enter(GState s, std::uint64_t t) {
    ++at(s).count;
    at(s).since += t;
  }
  // Leaves state s, entered at `since`, at t; the time is booked on `as`.
  void leave(GState s, std::uint64_t since, std::uint64_t t, GState as) {
    --at(s).count;
    at(s).since -= since;
    at(as).done += t - since;
  }
  // Everything to unknown at t.
  void forget(std::uint64_t t) {
    std::uint64_t all = 0;
    for (PerState& s : states_) {
      s.done += s.count * t - s.since;
      all += s.count;
      s.count = s.since = 0;
    }
    at(GState::kUnknown).count = all;
    at(GState::kUnknown).since = all * t;
  }
  [[nodiscard]] std::uint64_t ns(GState s, std::uint64_t t) const {
    const PerState& p = states_[static_cast<std::size_t>(s)];
    return p.done + p.count * t - p.since;
  }
  [[nodiscard]] std::uint64_t count(GState s) const { return states_[static_cast<std::size_t>(s)].count; }

 private:
  struct PerState {
    std::uint64_t count = 0, since = 0, done = 0;
  };
  PerState& at(GState s) { return states_[static_cast<std::size_t>(s)]; }
  std::array<PerState, kGStates> states_{};
};

// The integral of a population over time from arrivals and departures alone: the cross-check of StateTime.
class LiveIntegral {
 public:
  void arrive(std::uint64_t t) {
    ++arrived_;
    arrivals_ += t;
  }
  void leave(std::uint64_t t) {
    ++left_;
    departures_ += t;
  }
  [[nodiscard]] std::uint64_t count() const { return arrived_ - left_; }
  [[nodiscard]] std::uint64_t ns(std::uint64_t t) const {
    return (arrived_ * t - arrivals_) - (left_ * t - departures_);
  }

 private:
  std::uint64_t arrived_ = 0, arrivals_ = 0, left_ = 0, departures_ = 0;
};

}  // namespace gorotrace
