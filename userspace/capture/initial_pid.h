// The number of a process in the initial PID namespace, which is the one that BPF programs see.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "base/result.h"
#include "capture/bpf_handles.h"

namespace gorotrace {

// Whether this process lives in the initial PID namespace: every number it knows is the one that programs
// see.
[[nodiscard]] bool in_initial_pid_namespace();

// Asks the kernel, by an iterator over its tasks: bpf_get_ns_current_pid_tgid would tell a program at every
// hit, for tasks of one namespace only. Threads: control thread.
class InitialPids {
 public:
  [[nodiscard]] static Result<InitialPids> make();
  // `pid`: a process in our own namespace. It is the same process that the caller holds a pidfd of if that
  // says afterwards that it lives: a number is not given away before.
  [[nodiscard]] Result<std::uint32_t> find(pid_t pid) const;

 private:
  explicit InitialPids(TaskSkeleton skeleton) : skeleton_(std::move(skeleton)) {}
  [[nodiscard]] Status iterate(pid_t pid) const;
  TaskSkeleton skeleton_;
};

}  // namespace gorotrace
