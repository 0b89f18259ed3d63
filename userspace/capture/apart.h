// Work that a SIGKILL to the tracer does not cut short: setting and removing breakpoints.
//
// A thread with a fatal signal pending gets no page of another process (mm/gup.c, EINTR), and the kernel does
// not come back to a breakpoint that it failed to remove: kernel/events/uprobes.c logs "failed to unregister,
// leaking uprobe" and forgets it. So a process of its own does such work, in the tracer's memory while the
// thread that asked sleeps (vfork(2)): nothing of the tracer is copied, however large it is. It is the leader
// of a session and blocks every signal that can be blocked, so what a terminal, a shell or a supervisor sends
// to all processes of the tracer does not reach it; SIGKILL to a whole cgroup or PID namespace does
// (userspace/DECISIONS.md says what is left then).
#pragma once

#include <cstdint>
#include <type_traits>

#include "base/result.h"

namespace gorotrace {

enum class Descriptors {
  kShared,  // what the work opens or closes is opened or closed here
  kCopied,  // what the work closes stays open here
};

// Done when the other process has exited and what it held alone is released. An error when it could not be
// started, or was killed itself; whatever it had opened is then open still.
//
// The work outlives the tracer when that is killed: it may wait for nothing but the kernel and what the
// tracer's end ends, and must neither allocate nor take a lock, whose owner may be gone.
[[nodiscard]] Status run_apart(Descriptors descriptors, void (*work)(void*), void* argument);

// CPU time that all such work has taken so far. Any thread.
[[nodiscard]] std::uint64_t apart_cpu_ns();

template <typename Work>
[[nodiscard]] Status run_apart(Descriptors descriptors, Work&& work) {
  return run_apart(
      descriptors, [](void* argument) { (*static_cast<std::remove_reference_t<Work>*>(argument))(); }, &work);
}

}  // namespace gorotrace
