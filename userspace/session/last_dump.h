// The dump that ends a target's window: every goroutine as it is then, read by a worker, and since when each
// has waited, as far as watching has proven it. Threads: control thread.
#pragma once

#include <chrono>
#include <future>
#include <memory>
#include <stop_token>

#include "base/result.h"
#include "sampling/sampling.h"
#include "session/dump.h"
#include "session/look_workers.h"
#include "session/target.h"

namespace gorotrace {

class LastDump {
 public:
  // `standing`: who stood where beforehand. The look must find them in the same place.
  LastDump(std::shared_ptr<Target> target, StandingWaits standing, LookWorkers& workers, WaitsWanted waits);
  ~LastDump() { stop_.request_stop(); }
  LastDump(const LastDump&) = delete;
  LastDump& operator=(const LastDump&) = delete;

  [[nodiscard]] bool ready(std::chrono::nanoseconds patience) const;
  // Once; who does not wait until it is ready gets what was read.
  [[nodiscard]] Result<Dump> take();
  // `open`: of the probes, as of the dump's look.
  void know_waits(Dump& dump, const OpenWaits& open) const;

 private:
  const std::shared_ptr<Target> target_;
  const StandingWaits standing_;
  std::stop_source stop_;
  std::future<Result<Dump>> dump_;
};

}  // namespace gorotrace
