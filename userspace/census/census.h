// The census: what looking at the goroutines of a process some 100 times a second says about where they spend
// their time. Pure: is told what each look saw and answers with estimates and their errors; no memory, no
// clock, no thread of its own (census_taker.h has those). Not thread-safe. Memory: bounded by allgs and by
// distinct (reason, stack) and creation sites.
//
// An unchanged (goid, status, trackingSeq, sched.pc, sched.sp) in two successive looks proves one continuous
// wait: trackingSeq moves on each time a goroutine leaves running (runtime/proc.go casgstatus, 1.18-1.27).
// Exceptions: coroutine switches are not counted, nor running <-> syscall since 1.26, so neither is proven;
// and it is one byte, so a goroutine that parks 256 times between two looks, at one place, looks still with a
// chance of 1 in 256.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "census/census_tables.h"
#include "census/instants.h"
#include "census/slots.h"
#include "snapshot/g_words.h"

namespace gorotrace {

struct CensusConfig {
  std::function<bool(std::uint64_t startpc)> is_system;  // called once per distinct startpc
  std::vector<std::string> wait_reasons;                 // index = g.waitreason
  bool syscalls_counted = false;  // running <-> syscall moves g.trackingSeq (before 1.26)
};

// A goroutine that stood still from since_ns up to the last look, which every look in between has shown.
struct StandingWait {
  Standing standing;
  std::uint64_t since_ns = 0;  // the first look that saw it
};

class Census {
 public:
  explicit Census(CensusConfig config);
  ~Census();

  // One look: begin_look, see() in the order of `choices`, place() for each goroutine whose stack see() asked
  // for, end_look. `all`: every slot of allgs is among the choices, in this look.
  void begin_look(std::uint64_t at_ns, bool all);
  // Slot choice.slot of allgs showed `words`, or nothing that is a goroutine (nullptr). When the stack of a
  // waiting goroutine is not known: the number to give place().
  [[nodiscard]] std::optional<std::uint32_t> see(Choice choice, const GWords* words);
  // Its stack, if it was still at the very place that `words` said; 0 when it was not.
  void place(std::uint32_t seen, std::uint64_t stack_id);
  // live: runtime.NumGoroutine by the runtime's counters at this look, when they can be had.
  void end_look(std::optional<std::int64_t> live);
  // No look will follow for a while: the stretch ends at the last look.
  void end_segment();

  [[nodiscard]] CensusTables tables() const;
  // The last look's numbers of goroutines by state, system ones out.
  [[nodiscard]] std::array<std::uint64_t, kGStates> in_state() const;
  // Waits and system calls that go on and were seen at kSeenStill looks at least. Nobody while not every
  // goroutine is looked at. trackingSeq is one byte: one that parks all the time, at one place, looks still
  // at the next look with a chance of 1 in 256, and at that many with one of 1 in 16 million.
  static constexpr std::uint32_t kSeenStill = 4;
  [[nodiscard]] std::vector<StandingWait> standing() const;
  // Of each goroutine that two successive looks saw in different places: the earlier look of the last such
  // pair.
  [[nodiscard]] std::vector<LastMove> moves() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gorotrace
