#include "sampling/slots.h"

#include <algorithm>

#include "snapshot/g_words.h"

namespace gorotrace {

std::size_t sighting_window(const RuntimeOffsets& o) {
  std::size_t end = 0;
  for (const std::uint16_t at : {o.g_sched_sp, o.g_sched_pc, o.g_syscallsp, o.g_syscallpc, o.g_atomicstatus,
                                 o.g_goid, o.g_waitreason, o.g_gopc, o.g_startpc, o.g_trackingSeq}) {
    if (at != kAbsent) end = std::max<std::size_t>(end, at + 8u);
  }
  return end;
}

Sighting pick_sighting(Bytes g, const RuntimeOffsets& o) {
  GWords w;
  w.status = field<std::uint32_t>(g, o.g_atomicstatus) & ~kGScanBit;
  Sighting s;
  if (!w.alive()) return s;
  s.standing.goid = field<std::uint64_t>(g, o.g_goid);
  if (s.standing.goid == 0) return s;
  s.alive = true;
  s.standing.status = w.state();
  s.standing.seq = field<std::uint8_t>(g, o.g_trackingSeq);
  if (w.state() == GStatus::kSyscall) {
    s.standing.pc = field<std::uint64_t>(g, o.g_syscallpc);
    s.standing.sp = field<std::uint64_t>(g, o.g_syscallsp);
  } else if (w.at_rest()) {
    s.standing.pc = field<std::uint64_t>(g, o.g_sched_pc);
    s.standing.sp = field<std::uint64_t>(g, o.g_sched_sp);
    if (w.state() == GStatus::kWaiting) s.standing.reason = field<std::uint8_t>(g, o.g_waitreason);
  }
  s.gopc = field<std::uint64_t>(g, o.g_gopc);
  s.startpc = field<std::uint64_t>(g, o.g_startpc);
  return s;
}

}  // namespace gorotrace
