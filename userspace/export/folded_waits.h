// Where a recording's goroutines were blocked, as folded stacks, the input of flame graph tools; outermost
// frame first, weighted by microseconds. Stacks with less than half a microsecond are left out. Pure.
#pragma once

#include "base/text_sink.h"
#include "recording/replay.h"

namespace gorotrace {

// By blocked stack: all time of the window in waits, and in system calls and calls of C.
void folded_waits(RecordedTarget& target, const TextSink& sink);
// By blocked stack, "--", and the stack of who ended the wait, innermost first: as offwaketime of bcc. Of the
// waits that ended, of which the recording saw both ends. A runtime waker is "[timer]", "[netpoll]", ...
// target: with chains.
void folded_offwake(RecordedTarget& target, const TextSink& sink);

}  // namespace gorotrace
