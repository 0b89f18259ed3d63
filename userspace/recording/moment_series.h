// What a target's totals were at evenly spaced moments of its window, while the stream passes through it: its
// end need not be known ahead. Memory: at most `most` samples, without rows and coverage. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "evidence/facts.h"
#include "recording/part_of_window.h"

namespace gorotrace {

class MomentSeries {
 public:
  // Of a window that is longer than most / 2 µs there are between most / 2 and most moments. 0: none at all.
  MomentSeries(const PartWanted& wanted, std::size_t most)
      : wanted_(wanted), most_(most == 0 ? 0 : most - 1 + most % 2) {}

  // CLOCK_MONOTONIC. window_ns: when the target's first item came; absent: none has.
  [[nodiscard]] std::optional<std::uint64_t> next(std::optional<std::uint64_t> window_ns) const;
  void take(std::uint64_t at_ns, const Models::Of& of, const Came& came);  // next(), now
  // All of them since from_ns, and the end of the window.
  [[nodiscard]] std::vector<Sample> finish(std::uint64_t from_ns, std::uint64_t end_ns, const Models::Of& of,
                                           const Came& came);

 private:
  PartWanted wanted_;
  std::size_t most_;  // odd: of those, every second one has the first and the last
  std::uint64_t step_ns_ = 1000;
  std::vector<Sample> samples_;  // each step_ns_ behind the one before
};

}  // namespace gorotrace
