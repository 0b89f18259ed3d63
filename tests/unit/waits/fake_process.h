// Goroutines, sudogs and channels of Go 1.26 as a test writes them into fake memory.
#pragma once

#include "fake_memory.h"
#include "golang/version.h"
#include "waits/wait_reader.h"

namespace gorotrace::testing {

inline constexpr std::uint64_t kTrackingSeqAt = 189;

class FakeProcess {
 public:
  FakeProcess() {
    RuntimeOffsets& o = config.offsets;
    o = {};
    o.g_stack_lo = 0, o.g_stack_hi = 8, o.g_m = 48, o.g_sched_sp = 56, o.g_sched_pc = 64;
    o.g_sched_bp = 96, o.g_syscallsp = 104, o.g_syscallpc = 112, o.g_syscallbp = 120;
    o.g_atomicstatus = 152, o.g_goid = 160, o.g_waitsince = 176, o.g_waitreason = 184, o.g_trackingSeq = 189;
    o.g_waiting = 192, o.g_labels = 200, o.g_timer = 208, o.g_sleepWhen = 216;
    o.sudog_g = 0, o.sudog_next = 8, o.sudog_prev = 16, o.sudog_elem = 24, o.sudog_elem_vu = 32;
    o.sudog_waitlink = 72, o.sudog_c = 88, o.sudog_c_vu = 96;
    o.hchan_qcount = 0, o.hchan_dataqsiz = 8, o.hchan_closed = 28, o.hchan_timer = 32;
    o.hchan_recvq_first = 64, o.hchan_sendq_first = 80;
    o.timer_when = 16, o.timer_period = 24, o.timer_isFake = 11;
    config.wait_reasons = {
        "",          "chan receive",   "chan send", "select",          "chan receive (nil chan)",
        "sleep",     "sync.Cond.Wait", "IO wait",   "sync.Mutex.Lock", "select (no cases)",
        "semacquire"};
    config.max_between_looks_ns = ~0ull;
  }

  // Returns the address of the g.
  std::uint64_t waiting(std::uint8_t reason, std::uint64_t sudog) {
    const std::uint64_t g = 0x100000 + 0x1000 * snapshot.goroutines.size(),
                        goid = snapshot.goroutines.size() + 1;
    memory.map(g, 232);
    memory.words(g, {0x7000000, 0x7002000});
    memory.words(g + 56, {0x7001800, 0x401000});
    memory.words(g + 152, {4, goid, 0, 0, reason});
    memory.words(g + 192, {sudog});
    GoroutineSnapshot s;
    s.g = g;
    s.goid = goid;
    s.status = GStatus::kWaiting;
    s.wait_reason = reason;
    s.sp = 0x7001800;
    s.waiting = sudog;
    snapshot.goroutines.push_back(s);
    return g;
  }
  void sudog(std::uint64_t at, std::uint64_t g, std::uint64_t channel, std::uint64_t next = 0,
             std::uint64_t waitlink = 0, std::uint64_t elem = 0) {
    memory.map(at, 104);
    memory.words(at, {g, next, 0, elem, elem});
    memory.words(at + 72, {waitlink, 0, channel, channel});
  }
  void channel(std::uint64_t at, std::uint64_t length, std::uint64_t capacity, std::uint64_t receivers,
               std::uint64_t senders) {
    memory.map(at, 96);
    memory.words(at, {length, capacity});
    memory.words(at + 64, {receivers, 0, senders});
  }
  Waits read() {
    auto waits = WaitReader(memory, nullptr, config).read(snapshot);
    if (!waits) throw std::runtime_error(waits.error().message);
    return std::move(*waits);
  }

  FakeMemory memory;
  Snapshot snapshot;
  WaitReader::Config config;
};

}  // namespace gorotrace::testing
