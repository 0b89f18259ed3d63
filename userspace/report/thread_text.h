// The stacks that created threads as the runtime writes them: threadcreate?debug=1. Pure.
#pragma once

#include <string>

#include "evidence/thread_stacks.h"
#include "symbols/stack_table.h"

namespace gorotrace {

[[nodiscard]] std::string thread_text(const ThreadStacks& stacks, StackTable& symbols);

// Threads with the same stack, as the profile counts them.
struct ThreadGroup {
  const ThreadStack* stack = nullptr;
  std::uint64_t count = 0;
  std::string key;  // "@ 0x45... 0x45..."
};
// Most frequent first, equal ones by their keys (runtime/pprof keysByCount).
[[nodiscard]] std::vector<ThreadGroup> thread_groups(const ThreadStacks& stacks);

// What of it is a stack: without the zeros.
[[nodiscard]] std::vector<std::uint64_t> known_pcs(const ThreadStack& stack);

}  // namespace gorotrace
