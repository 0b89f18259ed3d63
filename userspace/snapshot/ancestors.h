// What the runtime keeps of a goroutine's creators with GODEBUG=tracebackancestors=N: their stacks at the go
// statements, nearest first (runtime/proc.go saveAncestors). Threads: one owner. Hostile input: counts and
// sizes are bounded.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/seeded_hash.h"
#include "golang/offsets.h"
#include "process/process.h"
#include "snapshot/goroutines.h"

namespace gorotrace {

struct Ancestor {
  using Pcs = std::vector<std::uint64_t>;
  std::shared_ptr<const Pcs> pcs;  // leaf first, as runtime.Callers would give them; never nullptr
  std::uint64_t goid = 0, gopc = 0;
};
using Ancestors = SeededMap<std::uint64_t, std::vector<Ancestor>>;  // by goid; of goroutines that have some

// runtime/traceback.go: no stack is kept deeper than this (_TracebackMaxFrames, tracebackInnerFrames).
[[nodiscard]] std::size_t max_ancestor_frames(const GoVersion& version);

// Of those goroutines of the snapshot that are still the same. Beyond 64 MB of them none.
[[nodiscard]] Ancestors read_ancestors(const Memory& memory, const RuntimeOffsets& offsets,
                                       const GoVersion& version, const Snapshot& snapshot);

}  // namespace gorotrace
