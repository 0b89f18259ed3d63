// Sampling: what looking at the goroutines of a process some 100 times a second says about where they spend
// their time. Pure: is told what each look saw (sample_tick.h) and answers with estimates and their errors;
// no memory, no clock, no thread of its own (process_sampler.h has those). Not thread-safe. Memory: bounded
// by allgs and by distinct (reason, stack) and creation sites. What a tick says may come from a file: it is
// checked.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "sampling/carried_stays.h"
#include "sampling/sample_tick.h"
#include "sampling/sampled_tables.h"

namespace gorotrace {

// A goroutine that stood still from since_ns up to the last look, which every look in between has shown.
struct StandingWait {
  Standing standing;
  std::uint64_t since_ns = 0;  // the first look that saw it, or what was known of it before
};

// Of one moment.
struct StandingWaits {
  std::vector<StandingWait> waits;
  std::vector<LastMove> moves;
};

class Sampling {
 public:
  Sampling();
  ~Sampling();
  Sampling(Sampling&&) noexcept;
  Sampling& operator=(Sampling&&) noexcept;

  // Classes that ticks to come may name. False: more than a sampler makes.
  [[nodiscard]] bool define(const SampleClasses& classes);
  // All that were defined so far; label values aside, which the model keeps.
  [[nodiscard]] SampleClasses classes() const;
  // False: the tick contradicts itself, or one before it was lost. The stretch ends with the last tick that
  // counted, and others count again from the next one on that begins a stretch.
  [[nodiscard]] bool apply(const SampleTick& tick);
  // No look will follow for a while: the stretch ends at the last look.
  void end_segment();

  [[nodiscard]] SampledTables tables() const;
  // The last look's numbers of goroutines by state, system ones out.
  [[nodiscard]] std::array<std::uint64_t, kGStates> in_state() const;
  // Waits and system calls that go on and were seen at kSeenStill looks at least. Nobody while not every
  // goroutine is looked at. trackingSeq is one byte: one that parks all the time, at one place, looks still
  // at the next look with a chance of 1 in 256, and at that many with one of 1 in 16 million.
  static constexpr std::uint32_t kSeenStill = 4;
  [[nodiscard]] std::vector<StandingWait> standing() const;
  // The end of the last look, if it was one at all of them, of a stretch that goes on; else 0.
  [[nodiscard]] std::uint64_t looked_at_all_ns() const;
  // The same of everyone whose stay could be proven, however few looks saw it.
  [[nodiscard]] std::vector<CarriedStay> stays() const;
  // Behind a tick that lists everyone: what was known of their stays before.
  void carry_on(const CarriedStays& known);
  // Of each goroutine that two successive looks saw in different places: the earlier look of the last such
  // pair.
  [[nodiscard]] std::vector<LastMove> moves() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gorotrace
