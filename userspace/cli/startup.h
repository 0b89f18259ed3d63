// What the process needs before its first thread and its first file.
#pragma once

#include "process/inherited.h"

namespace gorotrace {

// Streams 0 to 2 are open afterwards: one that the parent closed takes no byte, so that no file, map or
// memory opened later gets its number and with it a report or a message. And the soft limit of descriptors is
// the hard one: each probe is one where the kernel has no uprobe_multi. What was before is the result.
[[nodiscard]] Inherited prepare_process();

// From here on what cannot go on ends with a line on stderr, if that takes one, and exit code 1, and not by a
// signal: no memory, on whichever thread, and an exception that nobody caught. The kernel detaches what we
// had attached, as at any exit.
void end_with_a_word();

}  // namespace gorotrace
