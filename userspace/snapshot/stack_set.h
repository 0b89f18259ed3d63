// The distinct stacks of one look at a process: a stack that many goroutines share is kept once.
// Threads: one owner while it is filled; const use from any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/seeded_hash.h"

namespace gorotrace {

class StackSet {
 public:
  static constexpr std::uint32_t kNone = ~0u;

  // Frames left out in the middle of a stack that is too deep to be kept whole.
  struct Gap {
    std::uint32_t at = 0;     // of pcs: the first behind it
    std::uint64_t calls = 0;  // return addresses left out; 0 = no gap
  };
  struct Stack {
    std::uint64_t id = 0;                // identity as in bpf/shared/abi.h, never 0
    std::span<const std::uint64_t> pcs;  // leaf first, process addresses; valid until the next add()
    bool truncated = false;
    Gap gap{};
  };

  // Index of the stack; one that is known is not stored again. kNone when pcs is empty or the set is full.
  std::uint32_t add(std::uint64_t id, std::span<const std::uint64_t> pcs, bool truncated) {
    return add(id, pcs, truncated, Gap{});
  }
  std::uint32_t add(std::uint64_t id, std::span<const std::uint64_t> pcs, bool truncated, Gap gap);

  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] Stack operator[](std::uint32_t index) const;  // nothing for kNone or an index out of range

 private:
  struct Entry {
    std::uint64_t id, offset;
    std::uint32_t depth;
    bool truncated;
    Gap gap;
  };
  void grow();

  SeededHash hash_;
  std::vector<std::uint64_t> pcs_;  // of all stacks, one after the other
  std::vector<Entry> entries_;
  std::vector<std::uint32_t>
      buckets_;  // open addressing over entries_ by id; a power of two, at most half full
};

}  // namespace gorotrace
