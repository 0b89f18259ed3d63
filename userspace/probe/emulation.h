// Which instructions the kernel executes without a single step.
#pragma once

#include "base/bytes.h"
#include "elf/image.h"
#include "probe/plan.h"

namespace gorotrace {

[[nodiscard]] bool is_emulated(Arch arch, Bytes instruction, const TrapCosts& costs);
// Never probed, however cheap: see emulation.cpp.
[[nodiscard]] bool is_forbidden_site(Arch arch, Bytes instruction);

}  // namespace gorotrace
