// The outer end of a stack that is too deep to be read at once: along the frame pointers, piece by piece,
// keeping the last frames and counting the others.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "process/process.h"
#include "snapshot/code.h"

namespace gorotrace {

struct FarEnd {
  std::vector<std::uint64_t> pcs;  // the outermost return addresses, the outermost last
  std::uint64_t calls = 0;         // return addresses met in all
};

// From the frame pointer `fp` on, to the frame whose return address is the `outermost`. nullopt when the
// chain does not lead there, or not before `deadline_ns` (CLOCK_MONOTONIC).
[[nodiscard]] std::optional<FarEnd> walk_far_end(const Memory& memory, const Code& code,
                                                 const std::function<bool(std::uint64_t pc)>& outermost,
                                                 std::uint64_t fp, std::uint64_t stack_hi, std::size_t keep,
                                                 std::uint64_t deadline_ns);

}  // namespace gorotrace
