// A dump as folded stacks, the input of flame graph tools: "main.main;main.serve;runtime.gopark 12". Pure.
#pragma once

#include "base/text_sink.h"
#include "evidence/dump.h"
#include "evidence/dump_select.h"

namespace gorotrace {

// A line per distinct stack of names, outermost first, sorted. Without runtime.goexit; a goroutine without a
// stack stands under the function it was started with as "[stack unavailable: ...]".
void folded_stacks(const DumpView& view, const Selection& selection, const TextSink& sink);

}  // namespace gorotrace
