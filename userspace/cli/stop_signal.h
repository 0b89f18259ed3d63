// SIGINT and SIGTERM as something the control loop waits for. Blocked from construction on in every thread
// made afterwards, so make it before any thread. The first one ends in a report. Another one while that is
// made ends the process at once, but not before kGraceNs: who taps Ctrl-C twice wants what he has waited for.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "base/unique_fd.h"

namespace gorotrace {

class StopSignal {
 public:
  static constexpr std::uint64_t kGraceNs = 1'000'000'000;
  [[nodiscard]] static Result<StopSignal> make();
  // True when a signal came within timeout_ms, or had come before.
  [[nodiscard]] bool wait(int timeout_ms);

 private:
  StopSignal() = default;
  UniqueFd fd_;
  bool came_ = false;
};

}  // namespace gorotrace
