// runtime.allgs as another process sees it: append-only, reallocated when it grows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/result.h"
#include "process/process.h"

namespace gorotrace {

struct AllgsLimits {
  std::size_t max_length;  // of the slice; beyond it is refused
  std::size_t g_size;      // bytes that each goroutine takes of the process, at least
  std::size_t first = std::numeric_limits<std::size_t>::max();  // as many are wanted
};

struct Allgs {
  std::vector<std::uint64_t> pointers;  // nullptrs and nonsense included
  // As many more are claimed than the process has memory for: they are not read. What we allocate for a
  // process follows from what it has, not from what it says.
  std::uint64_t implausible = 0;
};

// kUnsupported when the header is not a slice or too long; kNoProcess when it cannot be read.
[[nodiscard]] Result<Allgs> read_allgs(const Memory& memory, std::uint64_t allgs_address,
                                       const AllgsLimits& limits);

// How many of the goroutines that are claimed the process can have: a runtime.g is never given back
// (runtime/proc.go allgadd, malg), so that each takes g_size bytes of its pages for good.
[[nodiscard]] std::uint64_t plausible_goroutines(const Memory& memory, std::uint64_t claimed,
                                                 std::size_t g_size);

}  // namespace gorotrace
