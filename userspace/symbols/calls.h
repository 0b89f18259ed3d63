// The physical frames of a stack, each with the logical ones of its pc. Pure but for the look-ups.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "symbols/stack_table.h"

namespace gorotrace {

// Visits the pcs of a stack, leaf first, as they are looked up: visit(pc, kind, frames).
template <typename Visit>
void each_call(Symbolizer& symbols, std::span<const std::uint64_t> pcs, const Visit& visit) {
  PcKind kind = PcKind::kReturnAddress;
  for (const std::uint64_t pc : pcs) {
    const std::vector<Frame>& frames = symbols.frames(pc, kind);
    visit(pc, kind, frames);
    kind = kind_below(frames);
  }
}

}  // namespace gorotrace
