// What a trap costs on this host, by probing ourselves.
#pragma once

#include "base/result.h"
#include "capture/bpf_handles.h"
#include "probe/plan.h"

namespace gorotrace {

struct Calibration {
  TrapCosts costs;
  Links links;  // still attached: detaching takes tens of ms, which nobody need wait for
};

// Times instructions of this very process without and with an empty program on them. Takes about 10 ms and
// the kernel's time to attach. May run beside the self-test.
[[nodiscard]] Result<Calibration> calibrate_traps();

}  // namespace gorotrace
