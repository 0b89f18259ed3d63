// Who may hold a mutex that others wait for: goroutines whose stack holds its address, and that do not wait
// for it. Those first for whom more speaks: a deferred call with it, then a function that was called with it
// as its first argument, then how near to SP the address lies.
#pragma once

#include "waits/waiter.h"

namespace gorotrace::waits {

[[nodiscard]] Status find_holders(const Context& context, std::span<Waiter> waiters, Waits& out);

}  // namespace gorotrace::waits
