// What a process has from whoever started it, and passes on to what it starts unless somebody puts it back:
// taken down before we change it for ourselves, so that a program that we start has it as we had it.
// Threads: any; now() before the first one, and before anything is changed.
#pragma once

#include <sys/resource.h>

#include <array>
#include <csignal>

#include "base/result.h"

namespace gorotrace {

struct Inherited {
  static constexpr int kSignals = 65;  // 1 to 64 (linux/signal.h, _NSIG)

  sigset_t mask{};
  std::array<bool, kSignals> ignored{};  // what is caught becomes the default at an exec
  rlimit files{};                        // RLIMIT_NOFILE

  [[nodiscard]] static Inherited now();
  // In a child between fork(2) and exec: makes system calls only. False with errno.
  [[nodiscard]] bool restore() const;
};

}  // namespace gorotrace
