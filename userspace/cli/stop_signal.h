// SIGINT and SIGTERM as something the control loop waits for. Blocked from construction on in every thread
// made afterwards, so make it before any thread. A second signal while the summary is made ends the process
// at once.
#pragma once

#include "base/result.h"
#include "base/unique_fd.h"

namespace gorotrace {

class StopSignal {
 public:
  [[nodiscard]] static Result<StopSignal> make();
  // True when a signal came within timeout_ms, or had come before.
  [[nodiscard]] bool wait(int timeout_ms);

 private:
  StopSignal() = default;
  UniqueFd fd_;
  bool came_ = false;
};

}  // namespace gorotrace
