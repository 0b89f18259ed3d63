// CPU time of the present thread, bit by bit: what is not taken by one is taken by the next, so that the sum
// is all of it. Threads: the one whose time it is.
#pragma once

#include <cstdint>
#include <utility>

#include "base/cpu_time.h"

namespace gorotrace {

class CpuMeter {
 public:
  // Since the last call; since the meter was made.
  [[nodiscard]] std::uint64_t take_ns() {
    const std::uint64_t now = thread_cpu_ns();
    return now - std::exchange(taken_ns_, now);
  }

 private:
  std::uint64_t taken_ns_ = thread_cpu_ns();
};

}  // namespace gorotrace
