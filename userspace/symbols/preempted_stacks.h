// Stacks of goroutines in preemptPark, as a probe walked them and as they are: a function that was stopped
// where it has no frame hides its caller from a walk along frame pointers. What memory shows of the same
// goroutine is whole, and one stack must have one identity. Threads: complete() on the aggregator thread,
// find() on any.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "base/seeded_hash.h"
#include "snapshot/stack_walk.h"
#include "symbols/stack_table.h"

namespace gorotrace {

class PreemptedStacks {
 public:
  static constexpr std::size_t kMaxStacks = 4096;  // then stacks stay as they were walked

  PreemptedStacks(TextRange text, SpDelta sp_delta, std::vector<TextRange> async_preempt,
                  std::uint64_t stack_seed, StackTable::Source walked)
      : text_(text),
        sp_delta_(std::move(sp_delta)),
        async_preempt_(std::move(async_preempt)),
        seed_(stack_seed),
        walked_(std::move(walked)) {}

  // Identity of the whole stack; the words are those of GT_HOOK_SUSPEND (bpf/shared/abi.h).
  [[nodiscard]] std::uint64_t complete(std::uint64_t id, std::uint64_t at_sp, std::uint64_t above_frame);
  [[nodiscard]] std::optional<StackTable::Stack> find(std::uint64_t id) const;

 private:
  TextRange text_;
  SpDelta sp_delta_;
  std::vector<TextRange> async_preempt_;
  std::uint64_t seed_;
  StackTable::Source walked_;
  mutable std::mutex mutex_;
  // Whole ones, and walked ones too: a definition that was pulled may be gone from the kernel's map.
  SeededMap<std::uint64_t, StackTable::Stack> stacks_;
};

}  // namespace gorotrace
