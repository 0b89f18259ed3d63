// Names of the reasons for which the kernel side drops a record or goes without a stack.
#pragma once

#include "base/enum_names.h"
#include "bpf/shared/abi.h"

namespace gorotrace {

template <>
inline constexpr auto kEnumNames<gt_drop> = enum_names<gt_drop>({
    {GT_DROP_RING_FULL, "ring_full"},
    {GT_DROP_SCRATCH_BUSY, "scratch_busy"},
    {GT_DROP_BAD_G, "bad_g"},
});
static_assert(kEnumNames<gt_drop>.size() == GT_DROP_COUNT);
// One more, of those that the kernel side sent: whoever reads the stream (the models, a recording) had no
// room for them.
inline constexpr const char* kSinkBehind = "sink_behind";

template <>
inline constexpr auto kEnumNames<gt_stack_fail> = enum_names<gt_stack_fail>({
    {GT_STACK_READ_FAILED, "read_failed"},
    {GT_STACK_MAP_FULL, "map_full"},
    {GT_STACK_NO_BASE, "no_base"},
});
static_assert(kEnumNames<gt_stack_fail>.size() == GT_STACK_FAIL_COUNT);

}  // namespace gorotrace
