// How many hits of a target may lead to a record from some moment on. Once there were more, the first of them
// sends a GT_HOOK_LIMIT, and from then on sites are silent: a hit is a trap and nothing else.
#pragma once

#include <cstdint>

#include "bpf/shared/abi.h"
#include "probe/plan.h"

namespace gorotrace {

struct HitLimit {
  std::uint64_t more = 0;  // hits, to some GT_TIME_SAMPLE: one in so many is counted, for all of them
  gt_u64 sites = 0;        // that fall silent; bit = site in the plan
  GroupMask groups = 0;    // which have only those
};

}  // namespace gorotrace
