// The tables of a part of a recorded window: what a model says at both of its ends, while the stream passes
// through it. Not thread-safe.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "stream/models.h"

namespace gorotrace {

// Times since the begin of the target's window; absent: the window's own ends.
struct PartWanted {
  std::optional<std::uint64_t> from_ns, to_ns;
  [[nodiscard]] bool any() const { return from_ns || to_ns; }
};

// Of a target's records: in the file, and lost before they came there.
struct Came {
  std::uint64_t records = 0, lost = 0;
};
// What was known at a moment.
struct Moment {
  std::uint64_t at_ns = 0;
  Tables tables;
  std::optional<RuntimeCounters> counters;
  std::optional<CostCharged> cost;
  Came came;
};
[[nodiscard]] Moment moment_of(const Models::Of& of, std::uint64_t at_ns, const Came& came);

// Of one target.
class PartOfWindow {
 public:
  explicit PartOfWindow(const PartWanted& wanted) : wanted_{wanted.from_ns, wanted.to_ns} {}

  // The target's first item. Times are CLOCK_MONOTONIC from here on.
  void begins(std::uint64_t at_ns) {
    if (!first_ns_) first_ns_ = at_ns;
  }
  [[nodiscard]] std::optional<std::uint64_t> window_ns() const { return first_ns_; }  // as begins() was told
  // The same of one whose beginning the file lacks: what it holds begins with this.
  void begins_with(Moment start) {
    begins(start.at_ns);
    start_ = std::move(start);
  }
  // The next end that has not come: what is behind it is applied once it is taken. nullopt: none.
  [[nodiscard]] std::optional<std::uint64_t> next() const;
  void take(const Models::Of& of, const Came& came);  // the next one, now
  // Whether a moment lies in the part.
  [[nodiscard]] bool holds(std::uint64_t at_ns) const {
    const std::uint64_t since = at_ns - std::min(first_ns_.value_or(at_ns), at_ns);
    return (!wanted_[0] || since >= *wanted_[0]) && (!wanted_[1] || since < *wanted_[1]);
  }

  [[nodiscard]] const std::optional<Moment>& from() const { return moments_[0]; }
  [[nodiscard]] const std::optional<Moment>& to() const { return moments_[1]; }
  [[nodiscard]] const std::optional<Moment>& start() const { return start_; }

 private:
  std::array<std::optional<std::uint64_t>, 2> wanted_;
  std::optional<std::uint64_t> first_ns_;
  std::array<std::optional<Moment>, 2> moments_;
  std::optional<Moment> start_;
};

}  // namespace gorotrace
