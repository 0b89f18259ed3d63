// Reads the stacks that created a target's threads. Threads: any that may be held up by the process.
#pragma once

#include "base/result.h"
#include "evidence/thread_stacks.h"
#include "session/target.h"

namespace gorotrace {

// kUnsupported: where the binary keeps the list of threads is not known. kNoProcess: the process has ended.
[[nodiscard]] Result<ThreadStacks> read_thread_stacks(const Target& target);

}  // namespace gorotrace
