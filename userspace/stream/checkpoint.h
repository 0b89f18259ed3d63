// What is known of a target at a moment and needed to go on from there: the begin of a capture file's
// segment. Whoever begins there tells the target's TargetBegun, defines the stacks that each_stack() names,
// restores, and goes on with the items behind the moment. It is plain data; model/open_state.h says what a
// restored model tells.
//
// Of what is estimated (sampling/estimator.h) nothing is kept but the names of classes:
// * Ticks mean nothing to who begins here until one begins a stretch, as after SamplesLost: what they say is
//   covered from there on (Tables::covered_by_sampling, SampledRuns::covered), and so are StandingWaits. Who
//   writes a checkpoint while looks go on may have them begin anew (ProcessSampler::begin_anew).
//   Stretches that begin behind the checkpoint say of times what the whole says of the difference (each is
//   rounded by itself, so within a few ns); errors are of what was looked at since.
// * Counts of phases begin anew: a phase that goes on counts from the next reading of the counters.
// A record or look that is told behind the checkpoint may name a stack or a start function that was defined
// before it: whoever writes a segment defines it there once more.
#pragma once

#include <cstdint>
#include <optional>

#include "model/open_state.h"
#include "sampling/sample_tick.h"
#include "snapshot/counters.h"
#include "stream/item.h"
#include "stream/models.h"

namespace gorotrace {

struct Checkpoint {
  OpenState model;
  std::uint64_t end_ns = kEndOfTime;  // of the target's window; the end of time while it is open
  // As they were told last.
  std::optional<RuntimeCounters> counters;
  std::optional<CostCharged> cost;
  SampleClasses classes;  // all that ticks to come may name

  // As OpenState::each_stack.
  template <typename Visit>
  void each_stack(const Visit& visit) const {
    model.each_stack(visit);
    for (const BlockingKey& row : classes.rows) {
      if (row.stack != 0) visit(row.stack);
    }
  }
};

// As of at_ns, which all that was told so far lies before, but for stragglers.
[[nodiscard]] Checkpoint checkpoint_of(const Models::Of& of, std::uint64_t at_ns);
// A stack that its checkpoint names; nullptr: it was never defined.
[[nodiscard]] StackRef stack_of(const Models::Of& of, std::uint64_t id);

}  // namespace gorotrace
