// A dump as the runtime writes it: goroutine?debug=2 and debug=1. Tools that parse those parse these; lines
// beginning "# gorotrace:" say what was looked at and stand where such tools skip them. limit: goroutines or
// groups shown at most, 0 for all. width: of a terminal, where those lines go on in others beginning "#".
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/text_sink.h"
#include "evidence/dump.h"
#include "evidence/dump_select.h"
#include "report/frames.h"

namespace gorotrace {

// Whether those lines are written: a server that answers as the runtime does tells them otherwise.
enum class Notes { kWritten, kLeftOut };

// Like debug=2, in the order of runtime.allgs. Arguments are not read: "(...)". Every frame that was read is
// shown, also beyond the 100 at which the runtime stops; a stack that goes on ends in "...additional frames
// elided...".
void dump_text(const DumpView& view, const Selection& selection, std::size_t limit, const TextSink& sink,
               std::size_t width = kNoWidth, Notes notes = Notes::kWritten);

// Like debug=1. Goroutines without a stack are groups of their own, by the reason.
void dump_group_text(const DumpView& view, const Selection& selection, std::size_t limit,
                     const TextSink& sink, std::size_t width = kNoWidth, Notes notes = Notes::kWritten);

// The counts of the look and what the selection left out, a sentence each.
[[nodiscard]] std::vector<std::string> dump_notes(const DumpView& view, const Selection& selection);

}  // namespace gorotrace
