// What a trap costs on this host, by probing ourselves.
#pragma once

#include <array>

#include "base/result.h"
#include "capture/bpf_handles.h"
#include "probe/plan.h"

namespace gorotrace {

// Our own instructions with an empty program on them. May be attached beside the self-test and the load;
// measure() wants to be alone: a second busy thread of ours, on the other half of the core perhaps, made a
// trap look a quarter dearer than it is for a target.
class TrapCalibration {
 public:
  // Takes the kernel's time to attach.
  [[nodiscard]] static Result<TrapCalibration> attach();
  // Costs of one trap by the instruction it is on; takes about 3 ms.
  [[nodiscard]] TrapCosts measure() const;
  // Still attached: detaching takes tens of ms, which nobody need wait for.
  [[nodiscard]] Links take_links() { return std::move(links_); }

 private:
  static constexpr std::size_t kInstructions = 3;
  std::array<double, kInstructions> untraced_ns_{};
  Links links_;
};

}  // namespace gorotrace
