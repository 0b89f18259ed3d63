// IO wait: the runtime.pollDesc whose rg or wg names the goroutine (runtime/netpoll.go netpollblock).
#pragma once

#include "waits/files.h"
#include "waits/waiter.h"

namespace gorotrace::waits {

[[nodiscard]] Status find_pollers(const Context& context, std::span<Waiter> waiters, FileTable& files);

}  // namespace gorotrace::waits
