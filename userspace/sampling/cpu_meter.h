// CPU time of the present thread, bit by bit: what is not taken by one is taken by the next, so that the sum
// is all of it. Threads: the one whose time it is.
#pragma once

#include <cstdint>
#include <ctime>
#include <utility>

namespace gorotrace {

class CpuMeter {
 public:
  // Since the last call; since the meter was made.
  [[nodiscard]] std::uint64_t take_ns() {
    const std::uint64_t now = now_ns();
    return now - std::exchange(taken_ns_, now);
  }

 private:
  [[nodiscard]] static std::uint64_t now_ns() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(t.tv_nsec);
  }
  std::uint64_t taken_ns_ = now_ns();
};

}  // namespace gorotrace
