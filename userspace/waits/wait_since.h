// How long a goroutine waits at least, as far as garbage collections tell.
//
// A collection gives every goroutine that it finds waiting, and that has none yet, g.waitsince = work.tstart
// (runtime/mgcmark.go markroot). tstart is still that of the collection before it (runtime/mgc.go gcMark sets
// it at the end of marking): the goroutine may have run for most of the time since. What is certain is that
// it waited when the next tstart was taken, and that is the next greater waitsince of any goroutine, when
// there is one. What the runtime prints ("3 minutes", traceback.go goroutineheader) is the time since
// g.waitsince all the same. Checked with the sources of 1.18-1.27.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "snapshot/goroutines.h"

namespace gorotrace {

struct WaitingAtLeast {
  std::uint64_t ns = 0;
  const char* source = "";  // "waitsince"; who watched says "census" or "probes"
};

class CollectionTimes {
 public:
  explicit CollectionTimes(const Snapshot& snapshot);

  // Nothing when no collection found it waiting, or none since.
  [[nodiscard]] std::optional<WaitingAtLeast> waiting_at_least(const GoroutineSnapshot& g,
                                                               std::uint64_t now_ns) const;

 private:
  std::vector<std::uint64_t> times_;  // ascending, distinct
};

}  // namespace gorotrace
