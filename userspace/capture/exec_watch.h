// Who executes a program from now on, as the kernel tells it (bpf/exec.bpf.c): without tracefs, and without
// asking anybody.
// Threads: one owner thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"

namespace gorotrace {

class ExecWatch {
 public:
  // kPermission, kKernel: as loading any program.
  [[nodiscard]] static Result<ExecWatch> start();
  ExecWatch(ExecWatch&& other) noexcept;
  ExecWatch& operator=(ExecWatch&& other) noexcept;
  ~ExecWatch();

  [[nodiscard]] int fd() const;  // readable when there are some
  // Processes that have executed a program since the last time, by their numbers in our PID namespace, in
  // order. Such a process may be gone by now, and the number another's.
  [[nodiscard]] std::vector<pid_t> take();
  // That the kernel had no room for, since the start.
  [[nodiscard]] std::uint64_t lost() const;

 private:
  struct Loaded;
  explicit ExecWatch(std::unique_ptr<Loaded> loaded);
  std::unique_ptr<Loaded> loaded_;
};

}  // namespace gorotrace
