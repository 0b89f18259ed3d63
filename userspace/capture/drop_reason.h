// Names of the reasons for which the kernel side drops a record or goes without a stack.
#pragma once

#include "bpf/shared/abi.h"

namespace gorotrace {

[[nodiscard]] const char* drop_reason_name(gt_drop reason);
[[nodiscard]] const char* stack_fail_name(gt_stack_fail reason);

}  // namespace gorotrace
