// Who stands where in a slot of allgs, and what makes it another stay. Pure.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "golang/goroutine.h"
#include "golang/offsets.h"
#include "model/flat_index.h"

namespace gorotrace {

// Identity of one stay of a goroutine in one state at one place of its code.
struct Standing {
  std::uint64_t goid = 0, pc = 0, sp = 0;
  GStatus status = GStatus::kIdle;
  std::uint8_t reason = 0, seq = 0;
  bool provable = false;  // g.trackingSeq would have told had it run in between

  [[nodiscard]] bool same(const Standing& o) const {
    return goid == o.goid && seq == o.seq && status == o.status && reason == o.reason && pc == o.pc &&
           sp == o.sp;
  }
  // Whoever stands there later has run, or began, in between. Another sp proves nothing: collections move
  // stacks (runtime/stack.go copystack).
  [[nodiscard]] bool moved_until(const Standing& later) const {
    return goid != later.goid || seq != later.seq || pc != later.pc;
  }
  // Times it left running until `later`, modulo 256; 0 for another goroutine.
  [[nodiscard]] std::uint8_t parks_until(const Standing& later) const {
    return goid == later.goid ? static_cast<std::uint8_t>(later.seq - seq) : std::uint8_t{0};
  }
};

// What a look saw of one runtime.g.
struct Sighting {
  Standing standing;  // but for `provable`
  std::uint64_t gopc = 0, startpc = 0;
  bool alive = false;
};

// Bytes of a g from its start that pick_sighting() needs.
[[nodiscard]] std::size_t sighting_window(const RuntimeOffsets& offsets);
[[nodiscard]] Sighting pick_sighting(Bytes g, const RuntimeOffsets& offsets);

// Where a goroutine is counted; kNone: nowhere.
struct Place {
  std::uint32_t row = kNone, site = kNone, state = kNone;
  bool operator==(const Place&) const = default;
};

// A slot followed from look to look.
struct Watch {
  Standing standing;
  Place place, before;           // at the last look and at the one before
  std::uint64_t first_ns = 0;    // the end of the first look that saw this standing
  std::uint64_t before_ns = 0;   // the begin of the one before that, which did not; 0: there was none
  std::uint64_t moved_ns = 0;    // the begin of the last look behind which it was seen to have moved; 0: none
  std::uint64_t first_look = 0;  // number of that first look
  std::uint64_t changed_at = 0;  // number of the last look that saw a change
  bool fast_before = false;      // it parked more than once in the gap before
};

}  // namespace gorotrace
