// One look at every goroutine of a target, with all that a dump shows. Threads: any, one at a target.
#pragma once

#include <cstdint>
#include <stop_token>
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

// Reads the target's memory; attaches nothing and stops nothing. Once `stop` is requested the look at the
// goroutines is over, with those that it had, and what they wait on is not known. kNoProcess when the process
// has ended, or executes another program by the end of the look.
[[nodiscard]] Result<Dump> take_dump(Target& target, WaitsWanted waits, const std::stop_token& stop = {});
// And reads those again that had moved on before their objects were read, for a second at most
// (waits/moved.h). Not where somebody watched until then: their rows are of later than the window's end.
[[nodiscard]] Result<Dump> take_dump_with_moved(Target& target, WaitsWanted waits);

// Looks up the stacks of a dump of that target, which must outlive it.
[[nodiscard]] StackTable dump_symbols(const Target& target);

}  // namespace gorotrace
