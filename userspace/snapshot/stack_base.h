// Where the stack of a goroutine at rest starts and which bytes of it are wanted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "golang/offsets.h"
#include "snapshot/g_words.h"

namespace gorotrace {

struct StackBase {
  std::uint64_t pc = 0, sp = 0, fp = 0;
  bool by_deltas = false;  // no frame pointer was saved: pcsp
};

// Whether the words say where it is in its syscall: a C thread's g has none, and without a frame pointer
// (before Go 1.23) it takes `deltas`, the line table's stack deltas.
[[nodiscard]] bool has_syscall_base(const GWords& words, const RuntimeOffsets& offsets, bool deltas);

// nullopt when there is none inside the stack: a goroutine on its way, or forged words.
[[nodiscard]] std::optional<StackBase> stack_base(const GWords& words, const RuntimeOffsets& offsets,
                                                  bool deltas);

struct StackExtent {
  std::uint64_t begin = 0, size = 0;
};
// The used top of the stack, `window` bytes of it from the frame pointer on: a truncated stack must be cut at
// the same frame as the probes' copy (bpf/lib/stack.bpf.h) to have the same identity.
[[nodiscard]] StackExtent stack_extent(const StackBase& base, std::uint64_t stack_hi, std::uint64_t window);

}  // namespace gorotrace
