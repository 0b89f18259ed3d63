// The tracer's own instructions (own_code.S): the self-test probes the first two, the calibration the others.
// They run at the same time, and the self-test counts every hit of its own.
#pragma once

#include <cstdint>

#include "base/result.h"

extern "C" {
void gt_own_trial();
void gt_own_trial_thread();
void gt_own_branch();
void gt_own_single_step();
void gt_own_long_nop();
}

namespace gorotrace {

inline constexpr const char* kOwnExecutable = "/proc/self/exe";

// Where a function of ours lies in the executable file.
[[nodiscard]] Result<std::uint64_t> own_code_offset(void (*function)());

}  // namespace gorotrace
