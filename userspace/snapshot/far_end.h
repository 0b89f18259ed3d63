// The rest of a stack that is too deep to be read at once: along the frame pointers, piece by piece, keeping
// the first frames and the last ones, and counting the others.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "process/process.h"
#include "snapshot/code.h"

namespace gorotrace {

struct FarEnd {
  std::vector<std::uint64_t> first, last;  // return addresses, the outermost one at the end of `last`
  std::uint64_t between = 0;               // how many lie between
};

// From the frame pointer `fp` on, to the frame whose return address is the `outermost`. nullopt when the
// chain does not lead there, or not before `deadline_ns` (CLOCK_MONOTONIC).
[[nodiscard]] std::optional<FarEnd> walk_far_end(const Memory& memory, const Code& code,
                                                 const std::function<bool(std::uint64_t pc)>& outermost,
                                                 std::uint64_t fp, std::uint64_t stack_hi,
                                                 std::size_t keep_first, std::size_t keep_last,
                                                 std::uint64_t deadline_ns);

}  // namespace gorotrace
