// The runtime's counters, and its histogram of latencies, as a worker reads them for control, and whether
// plugins have come: a few words, and yet a process can hold up whoever reads them (base/crew.h). Shared, for
// it may be left behind in a read. Threads: a worker's, one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "metrics/passes.h"
#include "model/target_id.h"
#include "session/stream_door.h"
#include "session/target.h"

namespace gorotrace {

struct RuntimeReading {
  RuntimeCounters counters;
  std::vector<std::uint64_t> time_to_run;  // sched.timeToRun as it lies in memory; empty: cannot be had
  std::uint64_t timed_runs = 0;            // their sum
  std::optional<std::uint64_t> cpu_ns;     // of the process, right behind them
};

class CountersLook {
 public:
  CountersLook(std::shared_ptr<Target> target, TargetId id, std::shared_ptr<StreamDoor> door);

  // The counters are in the stream, too. nullopt: they cannot be had.
  [[nodiscard]] std::optional<RuntimeReading> take();

 private:
  const std::shared_ptr<Target> target_;
  const TargetId id_;
  const std::shared_ptr<StreamDoor> door_;
  std::optional<CounterReader> reader_;
  std::optional<MetricsSource> metrics_;  // from the first take() on
  bool metrics_asked_ = false;
};

}  // namespace gorotrace
