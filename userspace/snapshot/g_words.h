// The words of one runtime.g that a snapshot looks at, picked out of a copy of its bytes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "golang/goroutine.h"
#include "golang/offsets.h"

namespace gorotrace {

struct GWords {
  std::uint64_t goid = 0, stack_lo = 0, stack_hi = 0, m = 0;
  std::uint64_t sched_sp = 0, sched_pc = 0, sched_lr = 0, sched_bp = 0;
  std::uint64_t syscallsp = 0, syscallpc = 0, syscallbp = 0;
  // waitsince and sleep_when: of the target's clock (TargetClock).
  std::uint64_t waitsince = 0, parent_goid = 0, gopc = 0, startpc = 0;
  std::uint64_t ancestors = 0;
  std::uint64_t lockedm = 0, waiting = 0, labels = 0, timer = 0, sleep_when = 0;
  std::uint64_t bubble = 0;  // g.bubble (1.25+) or g.syncGroup (1.24)
  std::uint32_t status = 0;  // scan bit removed: it says what the GC does, not what the goroutine does
  bool scan = false;
  bool running_cleanups = false;  // 1.25+
  std::uint8_t wait_reason = 0, tracking_seq = 0;

  [[nodiscard]] GStatus state() const { return static_cast<GStatus>(status); }
  [[nodiscard]] bool alive() const;
  // Descheduled or in a syscall: has a stack that stands still.
  [[nodiscard]] bool at_rest() const;
};

// Bytes of g from its start that pick_words() needs.
[[nodiscard]] std::size_t g_window(const RuntimeOffsets& offsets);
[[nodiscard]] GWords pick_words(Bytes g, const RuntimeOffsets& offsets);
// Only those that unmoved() compares: a second look costs less.
[[nodiscard]] GWords pick_moving_words(Bytes g, const RuntimeOffsets& offsets);

// Whether the goroutine cannot have run between two looks that are close in time: SNAPSHOT protocol, step 3
// of userspace/MEMORY.md "Reading without stopping". trackingSeq++ follows the status change and precedes
// every wake-up (runtime/proc.go casgstatus, 1.18-1.27); gogo zeroes sched.sp, so a running g cannot look
// parked.
[[nodiscard]] bool unmoved(const GWords& before, const GWords& after);

}  // namespace gorotrace
