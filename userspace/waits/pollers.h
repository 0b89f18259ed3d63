// IO wait: the runtime.pollDesc whose rg or wg names the goroutine (runtime/netpoll.go netpollblock).
#pragma once

#include "waits/files.h"
#include "waits/waiter.h"

namespace gorotrace::waits {

// Leaves IoWait::file to describe_files().
[[nodiscard]] Status find_pollers(const Context& context, std::span<Waiter> waiters);

// What the descriptors that they wait on are, by /proc: not until a goroutine has been held against its
// object, for it takes long.
void describe_files(std::span<Waiter> waiters, FileTable& files);

}  // namespace gorotrace::waits
