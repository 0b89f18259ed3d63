// dump --observe: the process is watched before it is looked at, so that the dump knows since when its
// goroutines wait.
#pragma once

#include <chrono>
#include <memory>

#include "base/result.h"
#include "evidence/dump.h"
#include "session/session.h"

namespace gorotrace {

struct ObserveOptions {
  std::chrono::nanoseconds window{0};
  GroupMask groups = 0;  // 0: sampling, nothing attached
  Budget budget;
  double sample_cpu = 0.05;
};

struct Observed {
  std::unique_ptr<Session> session;  // owns the target, to which the dump's symbols refer
  Dump dump;
};

// A signal ends the watching, not the dump.
[[nodiscard]] Result<Observed> observe(std::unique_ptr<Target> target, const ObserveOptions& options,
                                       WaitsWanted waits);

}  // namespace gorotrace
