// What ended a process, in words. Pure.
#pragma once

#include <string>
#include <vector>

#include "model/panics.h"
#include "symbols/stack_table.h"

namespace gorotrace {

// "SIGKILL"; "signal 70" where it has no name.
[[nodiscard]] std::string signal_name(int signal);
// "panic: text (*errors.errorString)", "fatal error: all goroutines are asleep - deadlock!", "main returned",
// "os.Exit", "signal SIGTERM", "killed by SIGKILL". Printable.
[[nodiscard]] std::string what_ended(const ProcessEnd& end, Symbolizer& symbols);
// A fatal error that the runtime finds where no goroutine runs (runtime/proc.go checkdead, on the stack of
// whichever thread went idle last).
[[nodiscard]] bool is_deadlock(const ProcessEnd& end);
// "exit status 2", "killed by SIGABRT"; "" when neither is known.
[[nodiscard]] std::string status_text(const ProcessEnd& end);
// Most frequent first.
[[nodiscard]] std::vector<const PanicRow*> panic_rows(const Panics& panics);
// `main.T "text…"`; "" of nothing. Printable.
[[nodiscard]] std::string value_text(const PanicValue& value);

}  // namespace gorotrace
