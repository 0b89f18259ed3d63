// What the runtime itself timed of goroutines that waited for a CPU: sched.timeToRun, which runtime/metrics
// calls /sched/latencies:seconds (runtime/proc.go casgstatus, 1.18-1.27). It times one goroutine in eight of
// those that leave running (gTrackingPeriod), by any way: yields and preemptions are in it, which the probes'
// latency has not. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/histogram.h"
#include "model/model.h"

namespace gorotrace {

inline constexpr std::uint64_t kRuntimeTimesOneIn = 8;

struct RuntimeLatency {
  Interval between;  // the two readings
  // Each in the middle of its bucket of the runtime's: off by an eighth at most, below 256 ns by 32 ns, up to
  // Go 1.19 by a thirty-second.
  Histogram times;
};

// The words as they lay in memory.
struct TimeToRun {
  std::uint64_t time_ns = 0;
  const std::vector<std::uint64_t>& words;
};
// nullopt: one was not read, there was no time between them, or they are not two of one histogram.
[[nodiscard]] std::optional<RuntimeLatency> runtime_latency(int minor, const TimeToRun& first,
                                                            const TimeToRun& last);

}  // namespace gorotrace
