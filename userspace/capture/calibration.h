// What a trap costs on this host, by probing ourselves.
#pragma once

#include "base/result.h"
#include "capture/bpf_handles.h"
#include "probe/plan.h"

namespace gorotrace {

struct Calibrated {
  TrapCosts traps;
  double program_ns = 0;  // what the reference program's clock saw of one hit
};

// Our own instructions with the reference program on them (bpf/calibration.bpf.c). May be attached beside the
// self-test and the load; measure() wants to be alone: a second busy thread of ours, on the other half of the
// core perhaps, made a trap look a quarter dearer than it is for a target.
class TrapCalibration {
 public:
  // Takes the kernel's time to attach.
  [[nodiscard]] static Result<TrapCalibration> attach();
  // Once. Costs of one trap by the instruction it is on, program time left out; takes about 10 ms.
  [[nodiscard]] Calibrated measure() const;
  // Still attached: detaching takes tens of ms, which nobody need wait for.
  [[nodiscard]] Links take_links() { return std::move(links_); }

 private:
  CalibrationSkeleton skeleton_;
  Links links_;
};

}  // namespace gorotrace
