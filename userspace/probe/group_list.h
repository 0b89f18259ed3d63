// Probe groups as people write them. Pure.
#pragma once

#include <string>

#include "base/result.h"
#include "probe/names.h"

namespace gorotrace {

// What exports need: who runs when, what is in the kernel, and what is rare in nearly every program.
inline constexpr GroupMask kRecordedGroups = group_bit(GT_GROUP_LIFECYCLE) | group_bit(GT_GROUP_BLOCK) |
                                             group_bit(GT_GROUP_RUN) | group_bit(GT_GROUP_SYSCALL) |
                                             group_bit(GT_GROUP_PANIC) | group_bit(GT_GROUP_GC);

// "lifecycle,block,run" in any order, or "none", or "+run,-block": `otherwise` with and without these. kUsage
// naming what is not a group.
[[nodiscard]] Result<GroupMask> parse_groups(const std::string& text, GroupMask otherwise);

}  // namespace gorotrace
