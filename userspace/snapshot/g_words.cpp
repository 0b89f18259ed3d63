#include "snapshot/g_words.h"

#include <algorithm>

namespace gorotrace {

bool GWords::alive() const {
  switch (state()) {
    case GStatus::kRunnable:
    case GStatus::kRunning:
    case GStatus::kSyscall:
    case GStatus::kWaiting:
    case GStatus::kCopystack:
    case GStatus::kPreempted:
    case GStatus::kLeaked:
      return true;
    case GStatus::kIdle:
    case GStatus::kDead:
    case GStatus::kDeadExtra:
      break;
  }
  return false;
}

bool GWords::at_rest() const {
  return alive() && state() != GStatus::kRunning && state() != GStatus::kCopystack;
}

std::size_t g_window(const RuntimeOffsets& o) {
  std::size_t end = 0;
  for (const std::uint16_t at :
       {o.g_stack_lo,     o.g_stack_hi,       o.g_m,         o.g_sched_sp,    o.g_sched_pc,
        o.g_sched_lr,     o.g_sched_bp,       o.g_syscallsp, o.g_syscallpc,   o.g_syscallbp,
        o.g_atomicstatus, o.g_goid,           o.g_waitsince, o.g_waitreason,  o.g_parentGoid,
        o.g_gopc,         o.g_ancestors,      o.g_startpc,   o.g_trackingSeq, o.g_lockedm,
        o.g_waiting,      o.g_labels,         o.g_timer,     o.g_sleepWhen,   o.g_syncGroup,
        o.g_bubble,       o.g_runningCleanups}) {
    if (at != kAbsent) end = std::max<std::size_t>(end, at + 8u);
  }
  return end;
}

GWords pick_moving_words(Bytes g, const RuntimeOffsets& o) {
  GWords w;
  w.goid = field<std::uint64_t>(g, o.g_goid);
  w.stack_lo = field<std::uint64_t>(g, o.g_stack_lo);
  w.stack_hi = field<std::uint64_t>(g, o.g_stack_hi);
  w.sched_sp = field<std::uint64_t>(g, o.g_sched_sp);
  w.sched_pc = field<std::uint64_t>(g, o.g_sched_pc);
  w.sched_bp = field<std::uint64_t>(g, o.g_sched_bp);
  w.syscallsp = field<std::uint64_t>(g, o.g_syscallsp);
  w.syscallpc = field<std::uint64_t>(g, o.g_syscallpc);
  w.syscallbp = field<std::uint64_t>(g, o.g_syscallbp);
  const auto status = field<std::uint32_t>(g, o.g_atomicstatus);
  w.status = status & ~kGScanBit;
  w.scan = (status & kGScanBit) != 0;
  w.tracking_seq = field<std::uint8_t>(g, o.g_trackingSeq);
  return w;
}

GWords pick_words(Bytes g, const RuntimeOffsets& o) {
  GWords w = pick_moving_words(g, o);
  w.m = field<std::uint64_t>(g, o.g_m);
  w.sched_lr = field<std::uint64_t>(g, o.g_sched_lr);
  w.waitsince = field<std::uint64_t>(g, o.g_waitsince);
  w.ancestors = field<std::uint64_t>(g, o.g_ancestors);
  w.parent_goid = field<std::uint64_t>(g, o.g_parentGoid);
  w.gopc = field<std::uint64_t>(g, o.g_gopc);
  w.startpc = field<std::uint64_t>(g, o.g_startpc);
  w.lockedm = field<std::uint64_t>(g, o.g_lockedm);
  w.waiting = field<std::uint64_t>(g, o.g_waiting);
  w.labels = field<std::uint64_t>(g, o.g_labels);
  w.timer = field<std::uint64_t>(g, o.g_timer);
  w.sleep_when = field<std::uint64_t>(g, o.g_sleepWhen);
  w.bubble = field<std::uint64_t>(g, o.g_bubble != kAbsent ? o.g_bubble : o.g_syncGroup);
  w.wait_reason = field<std::uint8_t>(g, o.g_waitreason);
  w.running_cleanups = field<std::uint8_t>(g, o.g_runningCleanups) != 0;
  return w;
}

bool unmoved(const GWords& a, const GWords& b) {
  if (a.goid != b.goid || a.status != b.status || a.stack_lo != b.stack_lo || a.stack_hi != b.stack_hi)
    return false;
  if (a.tracking_seq != b.tracking_seq) return false;
  if (a.state() == GStatus::kSyscall) {
    return a.syscallsp == b.syscallsp && a.syscallpc == b.syscallpc && a.syscallbp == b.syscallbp;
  }
  return a.sched_sp == b.sched_sp && a.sched_pc == b.sched_pc && a.sched_bp == b.sched_bp;
}

}  // namespace gorotrace
