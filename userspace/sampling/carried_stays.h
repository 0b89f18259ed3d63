// What is proven of a wait while phases alternate. While the block group is on, the absence of events proves
// that it goes on; while it is off, sampling's looks do. Each knows the goroutine's g.trackingSeq where it
// takes over from the other, and a stay that has the same one there is one and the same. The gap between the
// two is that of two looks; like sampling's own, a stay counts when kSeenStill looks agree in all.
// Pure, not thread-safe. Memory: one entry for each goroutine that waits.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/seeded_hash.h"
#include "golang/goroutine.h"
#include "model/model.h"
#include "snapshot/goroutines.h"

namespace gorotrace {

// A goroutine that waits, or is in a system call, where nothing told that it moved from since_ns to seen_ns.
struct CarriedStay {
  std::uint64_t goid = 0;
  std::uint64_t stack = 0;  // 0: not known
  GStatus status = GStatus::kIdle;
  std::uint8_t reason = 0;  // of one that waits
  std::uint8_t seq = 0;     // g.trackingSeq
  std::uint64_t since_ns = 0, seen_ns = 0;
  std::uint64_t looks = 0;  // that agree

  [[nodiscard]] bool same(const CarriedStay& later) const;
};

class CarriedStays {
 public:
  // Of a stretch of sampling, as of its last look at all goroutines, at at_ns: whoever is not among them has
  // moved. Says nothing when seen() has later news.
  void sampled(std::span<const CarriedStay> stays, std::uint64_t at_ns);
  // A look at all goroutines; `open`: what events say as of its end.
  void seen(const Snapshot& snapshot, const OpenWaits& open);
  // What events have told up to here: who moved is forgotten, a wait that they prove was seen here. Of
  // others, as in a phase that ended before its look at memory, it is known what was known before it.
  void told(const OpenWaits& open);

  // The stay that goes on in this one; nullptr: none that is known.
  [[nodiscard]] const CarriedStay* before(const CarriedStay& later) const;
  // The same of a goroutine of a snapshot: since when, once enough looks agree, that of the snapshot
  // included.
  [[nodiscard]] std::optional<std::uint64_t> since(const GoroutineSnapshot& g) const;

 private:
  SeededMap<std::uint64_t, CarriedStay> stays_;  // by goid
  std::uint64_t seen_ns_ = 0;                    // the end of the last snapshot
};

}  // namespace gorotrace
