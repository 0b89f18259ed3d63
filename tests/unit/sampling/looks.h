// A sampler's pure half and the estimates behind it, driven look by look with the words of each g.
#pragma once

#include <utility>

#include "sampling/sampling.h"
#include "sampling/tick_maker.h"
#include "snapshot/g_words.h"

namespace gorotrace::testing {

// What pick_sighting() makes of a g with these words.
inline Sighting sighting_of(const GWords& w) {
  Sighting s;
  if (!w.alive() || w.goid == 0) return s;
  s.alive = true;
  s.standing.goid = w.goid;
  s.standing.status = w.state();
  s.standing.seq = w.tracking_seq;
  if (w.state() == GStatus::kSyscall) {
    s.standing.pc = w.syscallpc;
    s.standing.sp = w.syscallsp;
  } else if (w.at_rest()) {
    s.standing.pc = w.sched_pc;
    s.standing.sp = w.sched_sp;
    if (w.state() == GStatus::kWaiting) s.standing.reason = w.wait_reason;
  }
  s.gopc = w.gopc;
  s.startpc = w.startpc;
  return s;
}

struct Looks {
  explicit Looks(const SamplingConfig& config) : maker(config) {}
  TickMaker maker;
  Sampling sampling;

  std::uint64_t seen_ns = 0;

  void begin_look(std::uint64_t at_ns, bool all) {
    maker.begin(at_ns, all);
    seen_ns = at_ns;
  }
  std::optional<std::uint32_t> see(Choice choice, const GWords* words) {
    return maker.see(choice, words == nullptr ? Sighting{} : sighting_of(*words));
  }
  void place(std::uint32_t number, std::uint64_t stack_id) { maker.place(number, Stay{stack_id}); }
  bool end_look(std::optional<std::int64_t> live) {
    const SampleTick& tick = maker.end(seen_ns, live);
    return sampling.define(maker.take_classes()) && sampling.apply(tick);
  }
  void end_segment() {
    maker.restart();
    sampling.end_segment();
  }
};

}  // namespace gorotrace::testing
