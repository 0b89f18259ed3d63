// The second look: does the goroutine still stand where it was when its objects were found, and do they still
// name it? The protocol of userspace/MEMORY.md "Reading without stopping", with the words that are evidence
// in the place of the stack.
#pragma once

#include "waits/waiter.h"

namespace gorotrace::waits {

// Sets certainty to kProven where it holds. A waiter that moved, whether or not an object was found for it,
// has none and says so.
[[nodiscard]] Status confirm(const Context& context, std::span<Waiter> waiters);

}  // namespace gorotrace::waits
