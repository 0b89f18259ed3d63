// The program's options as its parser knows them, for help, the pages of the manual and the completions.
#pragma once

#include "manual/command_text.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace gorotrace {

// An option's type_name() is what stands for its value in help (TIME), and by these it says what is
// completed: FILE and BEFORE AFTER, TARGET (a process), USER, GROUPS (words with commas between). Its
// option_text(), which help does not show, are the words that completions offer, with spaces between; they
// refuse no other.
[[nodiscard]] OptionText option_text(const CLI::Option& option);

// A footer's lines: those of examples ("Example: ", and under it), of exit codes ("Exit codes: "), the rest.
[[nodiscard]] CommandText command_text(const CLI::App& app);
[[nodiscard]] ProgramText program_text(const CLI::App& app);

}  // namespace gorotrace
