// Who may hold a mutex that others wait for: goroutines whose stack holds its address.
#pragma once

#include "waits/waiter.h"

namespace gorotrace::waits {

[[nodiscard]] Status find_holders(const Context& context, std::span<Waiter> waiters, Waits& out);

}  // namespace gorotrace::waits
