// The one clock: CLOCK_MONOTONIC in ns, the same that bpf_ktime_get_ns and the Go runtime's nanotime read.
#pragma once

#include <ctime>

#include <cstdint>

namespace gorotrace {

[[nodiscard]] inline std::uint64_t monotonic_ns() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(t.tv_nsec);
}

}  // namespace gorotrace
