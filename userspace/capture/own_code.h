// The tracer's own instructions (own_code.S), which the self-test and the calibration probe.
#pragma once

#include <cstdint>

#include "base/result.h"

extern "C" {
void gt_own_emulated();
void gt_own_single_step();
void gt_own_long_nop();
}

namespace gorotrace {

inline constexpr const char* kOwnExecutable = "/proc/self/exe";

// Where a function of ours lies in the executable file.
[[nodiscard]] Result<std::uint64_t> own_code_offset(void (*function)());

}  // namespace gorotrace
