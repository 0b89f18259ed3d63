// sync.Cond: the runtime.notifyList in whose list a sudog of the goroutine hangs (runtime/sema.go
// notifyListWait).
#pragma once

#include "waits/waiter.h"

namespace gorotrace::waits {

[[nodiscard]] Status find_conds(const Context& context, std::span<Waiter> waiters);

}  // namespace gorotrace::waits
