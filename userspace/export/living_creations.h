// The stacks that created the goroutines that live as a profile: goroutinecreate?debug=0. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "evidence/dump.h"
#include "evidence/dump_select.h"
#include "evidence/mapping.h"
#include "symbols/stack_table.h"

namespace gorotrace {

// Gzipped; goroutinecreate/count, the leaf is the function that was started (goroutine_profiles.h).
[[nodiscard]] Result<std::string> living_profile(const DumpView& view, const Selection& selection,
                                                 StackTable& symbols,
                                                 const std::vector<ExecutableMapping>& mappings);

}  // namespace gorotrace
