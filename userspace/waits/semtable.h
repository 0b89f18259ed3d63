// runtime.semtable: who waits on which semaphore, up to Go 1.25 the only place that says it
// (runtime/sema.go).
#pragma once

#include "base/seeded_hash.h"
#include "waits/waiter.h"

namespace gorotrace::waits {

struct SemaphoreEntry {
  std::uint64_t sudog = 0, semaphore = 0;
};
struct Semtable {
  SeededMap<std::uint64_t, SemaphoreEntry> of_g;
  // False when some of it contradicted itself: it changed while it was walked, or it is forged.
  bool complete = true;
};

[[nodiscard]] Result<Semtable> read_semtable(const Context& context);

}  // namespace gorotrace::waits
