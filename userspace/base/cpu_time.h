// CPU time so far, ns. Threads: any.
#pragma once

#include <cstdint>
#include <ctime>

namespace gorotrace {

[[nodiscard]] inline std::uint64_t cpu_time_ns(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(now.tv_nsec);
}
[[nodiscard]] inline std::uint64_t thread_cpu_ns() {
  return cpu_time_ns(CLOCK_THREAD_CPUTIME_ID);
}
[[nodiscard]] inline std::uint64_t process_cpu_ns() {
  return cpu_time_ns(CLOCK_PROCESS_CPUTIME_ID);
}

}  // namespace gorotrace
