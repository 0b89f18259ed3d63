// Who made the goroutines of a look, as earlier looks at the same process knew: a chain of creators then
// outlives them. Memory: the goroutines of the last look, and their creators. Not thread-safe.
#pragma once

#include <cstdint>

#include "base/seeded_hash.h"
#include "evidence/dump.h"

namespace gorotrace {

class CreatorMemory {
 public:
  // Adds to the dump's creations those of creators that live no more, and remembers this look's.
  void complete(Dump& dump);

 private:
  SeededMap<std::uint64_t, SeenCreation> known_;
};

}  // namespace gorotrace
