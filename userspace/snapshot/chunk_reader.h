// A few goroutines read twice with their stacks in between, and what the two looks prove: userspace/MEMORY.md
// "Reading without stopping". Threads: one owner. Buffers are kept from chunk to chunk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "process/process.h"
#include "snapshot/g_words.h"
#include "snapshot/goroutines.h"
#include "snapshot/merged_ranges.h"
#include "snapshot/stack_base.h"
#include "snapshot/stack_walk.h"

namespace gorotrace {

enum class Look : std::uint8_t {
  kUnreadable,
  kNotAtRest,  // no stack that stands still: running, or not alive
  kNoBase,     // in a syscall without a saved frame
  kMoved,      // between the looks, or on its way
  kTooLate,    // the looks came too far apart to prove anything
  kStill,      // the stack is that of these words
};

class ChunkReader {
 public:
  ChunkReader(const Memory& memory, const GoroutineReader::Config& config);

  // One look at each g, addresses rising: kUnreadable, kNotAtRest or (at rest) kMoved. False: the process is
  // gone.
  [[nodiscard]] bool read_words(std::span<const std::uint64_t> gs);
  // Two looks, `window` bytes of stack. With `merged` stacks that lie together share a range.
  [[nodiscard]] bool read_stacks(std::span<const std::uint64_t> gs, std::uint64_t window, bool merged);

  // Of the last chunk. The looks lay between these, CLOCK_MONOTONIC.
  [[nodiscard]] std::uint64_t begin_ns() const { return begin_ns_; }
  [[nodiscard]] std::uint64_t end_ns() const { return end_ns_; }
  // Of the i-th g.
  [[nodiscard]] Look look(std::size_t i) const { return looks_[i]; }
  [[nodiscard]] const GWords& words(std::size_t i) const { return words_[i]; }  // of the first look
  // When kStill:
  [[nodiscard]] const StackBase& base(std::size_t i) const { return bases_[i]; }
  [[nodiscard]] StackWindow stack(std::size_t i) const;
  // Nothing in the runtime counts what may have happened between the looks.
  [[nodiscard]] bool uncounted(std::size_t i) const;

 private:
  struct Ticks {
    std::uint32_t before, after;
  };
  static constexpr std::uint32_t kNoTick = ~0u;

  void plan(std::span<const std::uint64_t> gs, MergedRanges& words) const;
  void pick(std::span<const std::uint64_t> gs);
  void find_bases();
  void want_stacks(std::uint64_t window, bool merged);
  void want_ticks(std::uint32_t Ticks::* which);
  [[nodiscard]] Look judge(std::size_t i, std::size_t words_at, std::size_t stacks_at) const;

  const Memory& memory_;
  const GoroutineReader::Config& config_;
  const std::size_t window_;  // bytes of a g
  std::uint64_t begin_ns_ = 0, end_ns_ = 0;
  MergedRanges first_, second_, stacks_;
  std::vector<Memory::Range> ranges_;
  std::vector<bool> failed_;
  std::vector<std::uint8_t> alone_;
  // By position in the chunk.
  std::vector<Look> looks_;
  std::vector<GWords> words_;
  std::vector<StackBase> bases_;
  std::vector<StackExtent> extents_;
  std::vector<Ticks> ticks_;
  std::vector<std::uint32_t> piece_of_;  // in stacks_
  std::vector<std::uint32_t> by_stack_;  // positions of those with a base, by rising address of their stack
};

}  // namespace gorotrace
