// What the census remembers of each slot of allgs: who stood where when it was last looked at.
#pragma once

#include <cstdint>

#include "model/flat_index.h"
#include "snapshot/g_words.h"

namespace gorotrace {

// Identity of one stay of a goroutine in one state at one place of its code.
struct Standing {
  std::uint64_t goid = 0, pc = 0, sp = 0;
  GStatus status = GStatus::kIdle;
  std::uint8_t reason = 0, seq = 0;
  bool provable = false;  // g.trackingSeq would have told had it run in between

  [[nodiscard]] static Standing of(const GWords& w, bool provable) {
    Standing s;
    s.goid = w.goid;
    s.status = w.state();
    s.seq = w.tracking_seq;
    s.provable = provable;
    if (w.state() == GStatus::kSyscall) {
      s.pc = w.syscallpc;
      s.sp = w.syscallsp;
    } else if (w.at_rest()) {
      s.pc = w.sched_pc;
      s.sp = w.sched_sp;
      s.reason = w.state() == GStatus::kWaiting ? w.wait_reason : std::uint8_t{0};
    }
    return s;
  }
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

// The stack of a standing that was read once need not be read again.
struct KnownStack {
  static constexpr std::uint8_t kTries = 3;  // a stack that cannot be had is not asked for at every look
  Standing standing;
  std::uint64_t stack = 0;  // 0: not had yet
  std::uint8_t tries = 0;
};

// Where a goroutine is counted; kNone: nowhere.
struct Place {
  std::uint32_t row = kNone, site = kNone, state = kNone;
  bool system = false;
};

// A slot followed from look to look.
struct Watch {
  Standing standing;
  Place place, before;          // at the last look and at the one before
  std::uint64_t first_ns = 0;   // first look that saw this standing
  std::uint64_t before_ns = 0;  // the look before that, which did not; 0: there was none
  std::uint32_t gaps = 0;       // looks that saw it again
  std::uint64_t moved_ns = 0;   // the last look behind which it was seen to have moved; 0: none
  bool fast_before = false;     // it parked more than once in the gap before
};

}  // namespace gorotrace
