// What a status word read from memory means to the state machine (runtime/runtime2.go, 1.18-1.27).
#pragma once

#include "golang/goroutine.h"
#include "model/model.h"

namespace gorotrace {

[[nodiscard]] constexpr GState state_of(GStatus status) {
  switch (status) {
    case GStatus::kRunnable:
      return GState::kRunnable;
    case GStatus::kRunning:
    case GStatus::kCopystack:
      return GState::kRunning;
    case GStatus::kSyscall:
      return GState::kSyscall;
    case GStatus::kWaiting:
    case GStatus::kPreempted:
    case GStatus::kLeaked:
      return GState::kWaiting;
    default:
      return GState::kUnknown;
  }
}

}  // namespace gorotrace
