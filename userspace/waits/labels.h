// The labels of goroutines that are looked at a second time (label_reader.h).
#pragma once

#include "waits/waiter.h"

namespace gorotrace::waits {

// Fills GoroutineWaits::labels and Waits::label_sets. Label maps are never written after SetGoroutineLabels:
// a map is read once whichever goroutines share it.
[[nodiscard]] Status read_labels(const Context& context, std::span<const Waiter> waiters, Waits& out);

}  // namespace gorotrace::waits
