// Semaphores, and what they are part of: mutexes, RWMutexes and WaitGroups (runtime/sema.go, sync).
#pragma once

#include "waits/waiter.h"

namespace gorotrace::waits {

[[nodiscard]] Status find_semaphores(const Context& context, std::span<Waiter> waiters, Waits& out);

// The states of the objects of find_semaphores; a word that cannot be read leaves a state out.
[[nodiscard]] Status read_sync_states(const Context& context, std::span<Waiter> waiters);

}  // namespace gorotrace::waits
