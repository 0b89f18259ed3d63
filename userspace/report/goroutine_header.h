// A goroutine and its frames in the words of runtime/traceback.go (goroutine?debug=2). Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "golang/version.h"
#include "snapshot/goroutines.h"
#include "symbols/stack_table.h"
#include "waits/wait_object.h"

namespace gorotrace {

// "goroutine 7 [chan receive, 12 minutes, locked to thread]:" as the runtime of that version writes it, but
// for
// "(scan)", which says what the collector did at that instant. labels: nullptr where its tracebacks have
// none. waited_ns: how long it has waited; the runtime itself takes the time since g.waitsince
// (waited_by_runtime).
[[nodiscard]] std::string goroutine_header(const GoroutineSnapshot& g, std::uint64_t waited_ns,
                                           const GoVersion& version,
                                           const std::vector<std::string>& wait_reasons,
                                           const Labels* labels);
// "main.f", or "panic" for runtime.gopanic.
[[nodiscard]] const std::string& traceback_name(const Frame& frame);

}  // namespace gorotrace
