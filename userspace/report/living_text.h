// The stacks that created the goroutines that live, as the runtime writes a profile that is counted:
// goroutinecreate?debug=1. Pure.
#pragma once

#include "base/text_sink.h"
#include "evidence/dump.h"
#include "evidence/dump_select.h"
#include "symbols/stack_table.h"

namespace gorotrace {

void living_text(const DumpView& view, const Selection& selection, StackTable& symbols, const TextSink& sink);

}  // namespace gorotrace
