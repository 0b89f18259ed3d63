// The groups that ask for objects (channels, semaphores): one of them, and stat tells which ones were waited
// on.
#pragma once

#include "probe/names.h"

namespace gorotrace {

inline constexpr GroupMask kObjectGroups = group_bit(GT_GROUP_SYNC) | group_bit(GT_GROUP_CHAN);

}  // namespace gorotrace
