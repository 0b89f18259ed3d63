// Semaphores, and what they are part of: mutexes, RWMutexes and WaitGroups (runtime/sema.go, sync).
#pragma once

#include "base/bytes.h"
#include "waits/waiter.h"

namespace gorotrace::waits {

[[nodiscard]] Status find_semaphores(const Context& context, std::span<Waiter> waiters, Waits& out);

// Bytes at the object that set_sync_state() needs; of fewer it sets none.
inline constexpr std::size_t kSyncStateBytes = 24;
// wait.state, by wait.kind.
void set_sync_state(SemaphoreWait& wait, Bytes object);

// The states of the objects of find_semaphores; a word that cannot be read leaves a state out.
[[nodiscard]] Status read_sync_states(const Context& context, std::span<Waiter> waiters);

}  // namespace gorotrace::waits
