// One look at every goroutine of a target, with all that a dump shows. Threads: control thread.
#pragma once

#include <vector>

#include "base/result.h"
#include "export/pprof.h"
#include "report/dump.h"
#include "report/symbols.h"
#include "session/target.h"

namespace gorotrace {

// Reads the target's memory; attaches nothing and stops nothing. find_holders: looks for the likely holders
// of mutexes too, which costs a second read of every stack.
[[nodiscard]] Result<Dump> take_dump(Target& target, bool find_holders);

// Looks up the stacks of a dump of that target, which must outlive it.
[[nodiscard]] StackTable dump_symbols(const Target& target);

// What a profile says of the process's executable mappings; the build id only of its own executable.
[[nodiscard]] Result<std::vector<ProfileMapping>> profile_mappings(const Target& target);

}  // namespace gorotrace
