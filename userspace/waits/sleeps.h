// time.Sleep: when it ends (runtime/time.go timeSleep).
#pragma once

#include "waits/waiter.h"

namespace gorotrace::waits {

[[nodiscard]] Status find_sleeps(const Context& context, std::span<Waiter> waiters);

}  // namespace gorotrace::waits
