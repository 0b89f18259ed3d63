// A plugin's sites beside the program's: what the kernel counts of a target it counts by the sites of one
// plan.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "probe/plan.h"

namespace gorotrace {

// The index of the program's site as which each one of the plugin's is counted: the same place of the same
// function, or one of the same hook, or one that costs alike and serves the same groups; nullopt where the
// program has none such.
[[nodiscard]] std::vector<std::optional<std::uint8_t>> counterparts(const Plan& program, const Plan& plugin);

}  // namespace gorotrace
