// What the ticks of a stream say of one target, laid over the tables of its model: while ticks come they
// stand in for the block probes; ticks about runs add to them what no probe tells. Is told each in its place
// in time among the model's events. Pure, not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/model.h"
#include "sampling/combine.h"
#include "sampling/phase_counts.h"
#include "sampling/sampling.h"

namespace gorotrace {

class Estimator {
 public:
  // The model knows the stacks that the classes name.
  void define(const SampleClasses& classes, const Model& model);
  // All classes that were told so far, and a stack that one of them names; nullptr: none does.
  [[nodiscard]] SampleClasses classes() const { return sampling_.classes(); }
  [[nodiscard]] StackRef stack(std::uint64_t id) const;
  void apply(const SampleTick& tick, const Model& model);
  // What the runtime has counted; and when the block group is on, of which the phases are.
  void count(const PhaseCounts::Reading& reading, const Model& model) {
    phases_.read(reading, [&model] { return model.begun(); });
  }
  void block(bool on) {
    phases_.block(on);
    block_on_ = on;
  }
  // Right before the model is told that the group goes off: it knows who has not moved while it was on.
  void block_ends(std::uint64_t at_ns, const Model& model) { stays_.told(model.open_waits(at_ns)); }
  // A look at all goroutines, before the model is told of it: the same with what sampling has proven of those
  // that wait, as GoroutineSnapshot::waited_at_ns. Nothing: it has proven nothing.
  [[nodiscard]] std::optional<Snapshot> with_proven(const Snapshot& snapshot);
  // And behind.
  void looked(const Snapshot& snapshot, const Model& model) {
    stays_.seen(snapshot, model.open_waits(snapshot.counts.end_ns));
  }
  void lost_records() { phases_.lost(); }
  // Ticks were lost: those behind them mean nothing until one begins anew.
  void lost() {
    keep_stays();
    sampling_.end_segment();
    runs_.end_segment();
  }
  // No tick about that follows for a while.
  void end(SampledWhat what, std::uint64_t at_ns, const Model& model);

  // The model's tables as of now, and its totals, with what ticks know better. `lifecycle_probed`: of the
  // goroutines' number the model knows more.
  [[nodiscard]] Tables over(Tables model) const;
  [[nodiscard]] Tables over_totals(Tables totals, bool lifecycle_probed) const;
  [[nodiscard]] StandingWaits standing() const { return {sampling_.standing(), sampling_.moves()}; }

 private:
  [[nodiscard]] std::optional<SampledRuns> runs() const;
  // What a stretch that goes on has proven.
  void keep_stays() {
    if (const std::uint64_t at_ns = sampling_.looked_at_all_ns(); at_ns != 0)
      stays_.sampled(sampling_.stays(), at_ns);
  }

  PhaseCounts phases_;
  Sampling sampling_;
  Sampling runs_;
  CarriedStays stays_;
  bool block_on_ = false;
  std::uint64_t runs_look_ns_ = 0, runnable_ = 0;  // the last of runs_, and what it saw
  NamedStacks::Map stacks_;                        // that classes name
  Replaced replaced_;                              // of the stretches that have ended
  std::optional<Tables> open_from_;                // the one that goes on: the model's tables at its begin
  bool any_ = false;                               // there was one
};

}  // namespace gorotrace
