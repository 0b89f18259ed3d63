// Looks at the goroutines of one process and makes ticks of what it sees. While nothing changes a look at up
// to kChunk goroutines is one call of the kernel, whose ranges are those of the look before. Threads: one
// owner at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <vector>

#include "base/result.h"
#include "sampling/label_look.h"
#include "sampling/looker.h"
#include "sampling/sample_tick.h"
#include "sampling/tick_maker.h"
#include "snapshot/allgs_cache.h"
#include "snapshot/counters.h"
#include "snapshot/goroutines.h"
#include "snapshot/merged_ranges.h"

namespace gorotrace {

struct SamplingSubject {
  GoroutineReader::Config goroutines;
  std::optional<CounterReader::Config> counters;  // the cross-check of sampling: runtime.NumGoroutine
  SamplingConfig sampling;
  bool stacks = true;
  std::optional<LabelSubject> label = std::nullopt;  // rows are told apart by its values, too
  bool whole = false;  // every look is at every goroutine: follows each of them, however rarely
};

class Sampler final : public Looker {
 public:
  // Goroutines of one call. Their stacks follow at once, before they have moved on.
  static constexpr std::size_t kChunk = 128;

  // `memory` outlives this object. The seed decides choices.
  Sampler(const Memory& memory, SamplingSubject subject, std::uint64_t seed);

  // Slots of allgs.
  [[nodiscard]] std::size_t total() const override { return allgs_.pointers().size(); }
  [[nodiscard]] Status refresh() override { return allgs_.refresh(); }
  void restart() override { maker_.restart(); }
  [[nodiscard]] Result<const SampleTick*> look(std::uint64_t now_ns, std::size_t wanted,
                                               std::uint64_t stacks_ns) override;
  [[nodiscard]] SampleClasses take_classes() override;
  [[nodiscard]] StackSet take_stacks() override;

 private:
  [[nodiscard]] std::span<const Choice> choose(std::size_t wanted, bool all);
  void plan(std::span<const Choice> chunk, bool first);
  [[nodiscard]] Status read();
  [[nodiscard]] Status read_first(std::size_t wanted);
  [[nodiscard]] std::optional<std::int64_t> live();
  [[nodiscard]] Status take(std::span<const Choice> chunk);
  [[nodiscard]] Sighting sighting(std::size_t i);
  [[nodiscard]] Status place_wanted();

  const Memory& memory_;
  const bool stacks_wanted_;
  const GoroutineReader::Config config_;
  const std::optional<LabelSubject> label_;
  LabelValues label_values_;
  GoroutineReader reader_;
  AllgsCache allgs_;
  std::optional<CounterReader> counters_;
  TickMaker maker_;
  std::mt19937_64 random_;
  StackSet stacks_;

  // By address, those without one first.
  std::vector<Choice> by_address_, chosen_;
  std::size_t ordered_ = 0;  // slots that by_address_ holds

  // The call: [header of allgs, pass of the counters,] goroutines of a chunk.
  static constexpr std::size_t kNone = ~std::size_t{0};
  std::array<std::uint64_t, 3> header_{};
  MergedRanges words_;
  std::vector<Memory::Range> ranges_;
  std::vector<bool> failed_;
  std::size_t counters_at_ = kNone, words_at_ = 0, no_pointer_ = 0;
  std::size_t planned_ = 0;  // slots of which the ranges are those of a look at all; 0: of something else
  std::vector<std::uint8_t> alone_;

  struct Wanted {
    std::uint64_t g;
    std::uint32_t number;
    Standing standing;
  };
  std::vector<Wanted> wanted_;
  std::vector<std::uint64_t> wanted_gs_;  // rising
  std::uint64_t stacks_until_ns_ = 0, seen_ns_ = 0;
};

}  // namespace gorotrace
