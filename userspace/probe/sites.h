// The planner's parts that need no GoBinary.
#pragma once

#include <vector>

#include "golang/pclntab.h"
#include "probe/plan.h"

namespace gorotrace {

struct PlanRules {
  // Of make_entry_plan. The hooks that sit at a call have no entry that shows the same thing: they stay.
  bool at_entries = false;
  bool goid_before_runnable = false;  // newproc1 numbers a goroutine before it makes it runnable (Go 1.24+)
  bool stw_reasons = false;           // stopTheWorldWithSema has an argument (Go 1.21+)
  // Of make_plugin_plan. It has those of the runtime's functions that its code needs, so what it lacks it
  // does not call; and its goroutines run by the program's scheduler, so that nothing is inferred from them.
  bool plugin = false;
};
[[nodiscard]] Result<Plan> plan_sites(const ElfImage& image, const Pclntab& pclntab, const TrapCosts& costs,
                                      const PlanRules& rules);

// Functions with bytes that read as a direct call of target (candidates: amd64 may have them inside an
// instruction).
[[nodiscard]] std::vector<GoFunction> direct_callers(const ElfImage& image, const Pclntab& pclntab,
                                                     std::uint64_t target);

}  // namespace gorotrace
