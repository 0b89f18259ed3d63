// runtime.allgs as another process sees it: append-only, reallocated when it grows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/result.h"
#include "process/process.h"

namespace gorotrace {

// The first `limit` pointers of the slice (nullptrs and nonsense included). kUnsupported when the header is
// not a slice or longer than max_length; kNoProcess when it cannot be read.
[[nodiscard]] Result<std::vector<std::uint64_t>> read_allgs(const Memory& memory, std::uint64_t allgs_address,
                                                            std::size_t max_length, std::size_t limit);

}  // namespace gorotrace
