#include "evidence/creator_memory.h"

#include <utility>

namespace gorotrace {

void CreatorMemory::complete(Dump& dump) {
  SeededMap<std::uint64_t, SeenCreation> now;
  now.reserve(dump.snapshot.goroutines.size());
  for (const GoroutineSnapshot& g : dump.snapshot.goroutines)
    now.emplace(g.goid,
                SeenCreation{.goid = g.goid, .creator = g.parent_goid, .gopc = g.gopc, .startpc = g.startpc});
  for (const GoroutineSnapshot& g : dump.snapshot.goroutines) {
    // Whoever is known now already has led to its own creators, or will.
    for (std::uint64_t goid = g.parent_goid; goid != 0 && !now.contains(goid);) {
      const auto found = known_.find(goid);
      if (found == known_.end()) break;
      dump.creations.creations.push_back(found->second);
      now.insert(*found);
      goid = found->second.creator;
    }
  }
  known_ = std::move(now);
}

}  // namespace gorotrace
