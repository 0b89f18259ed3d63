// Who may hold a lock that others wait for: goroutines whose stack holds its address, and that do not wait
// for it. Those first for whom more speaks (holder_signs.h). A lock goes from hand to hand while it is looked
// at, so its state, its waiters and the stacks of those that may hold it are read close together, until what
// was read is of one moment: userspace/MEMORY.md "What they wait on".
#pragma once

#include "waits/waiter.h"

namespace gorotrace::waits {

// Of each lock in `waits` for which some waiter's holder is not known. Sets SemaphoreWait::likely_holders and
// what is beside it, and Waits::elsewhere.
[[nodiscard]] Status find_holders(const Context& context, Waits& waits);

}  // namespace gorotrace::waits
