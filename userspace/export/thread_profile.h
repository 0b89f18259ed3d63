// The stacks that created a process's threads as a profile: threadcreate?debug=0. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "evidence/mapping.h"
#include "evidence/thread_stacks.h"
#include "symbols/stack_table.h"

namespace gorotrace {

// Gzipped. Threads of which no stack is kept are a sample of one pseudo frame.
[[nodiscard]] Result<std::string> thread_profile(const ThreadStacks& stacks, StackTable& symbols,
                                                 const std::vector<ExecutableMapping>& mappings);

// What is more in the second reading than in the first, or less (threadcreate?seconds=N).
[[nodiscard]] Result<std::string> thread_difference(const ThreadStacks& before, const ThreadStacks& after,
                                                    StackTable& symbols,
                                                    const std::vector<ExecutableMapping>& mappings);

}  // namespace gorotrace
