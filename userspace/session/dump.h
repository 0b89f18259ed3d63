// One look at every goroutine of a target, with all that a dump shows. Threads: control thread.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "evidence/dump.h"
#include "evidence/mapping.h"
#include "export/pprof.h"
#include "session/target.h"
#include "symbols/stack_table.h"

namespace gorotrace {

// How much a dump says of what goroutines wait on; each costs more than the one before.
enum class WaitsWanted : std::uint8_t {
  kLabels,   // nothing, but their labels
  kHolders,  // the objects, and who may hold a mutex: a second read of every stack
};

// Reads the target's memory; attaches nothing and stops nothing.
[[nodiscard]] Result<Dump> take_dump(Target& target, WaitsWanted waits);
// The two parts of it: the look at all goroutines, and, as soon as may be, what goes with it.
[[nodiscard]] Result<Snapshot> look_for_dump(Target& target);
[[nodiscard]] Result<Dump> complete_dump(Target& target, Snapshot snapshot, WaitsWanted waits);

// Looks up the stacks of a dump of that target, which must outlive it.
[[nodiscard]] StackTable dump_symbols(const Target& target);

// What a profile says of the process's executable mappings; the build id only of its own executable.
[[nodiscard]] Result<std::vector<ExecutableMapping>> profile_mappings(const Target& target);

}  // namespace gorotrace
