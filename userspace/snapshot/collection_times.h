// What garbage collections tell about how long a goroutine has waited.
//
// A collection gives every goroutine that it finds waiting, and that has none yet, g.waitsince = work.tstart
// (runtime/mgcmark.go markroot). tstart is still that of the collection before it (runtime/mgc.go gcMark sets
// it at the end of marking): the goroutine may have run for most of the time since. What is certain is that
// it waited when the next tstart was taken, and that is the next greater waitsince of any goroutine, when
// there is one. What the runtime prints ("3 minutes", traceback.go goroutineheader) is the time since
// g.waitsince all the same. Checked with the sources of 1.18-1.27.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "snapshot/goroutines.h"

namespace gorotrace {

class CollectionTimes {
 public:
  explicit CollectionTimes(std::span<const GoroutineSnapshot> goroutines);

  // A time at which it waited for sure; 0 when no collection found it waiting, or none since.
  [[nodiscard]] std::uint64_t waited_at(const GoroutineSnapshot& g) const;

 private:
  std::vector<std::uint64_t> times_;  // ascending, distinct
};

}  // namespace gorotrace
