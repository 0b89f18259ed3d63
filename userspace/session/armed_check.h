// Do the probes stand where they should? Threads: control thread.
#pragma once

#include "base/result.h"
#include "probe/plan.h"
#include "process/process.h"

namespace gorotrace {

// Behind an attach of `groups`: every site of theirs has something else in the process's text than in its
// file. A kernel that filters by a process without memory of its own, say, attaches without complaint and
// installs nothing, and a report of no events would look like a quiet process.
[[nodiscard]] Status check_armed(const Process& process, const Plan& plan, std::uint64_t load_bias,
                                 GroupMask groups);

}  // namespace gorotrace
