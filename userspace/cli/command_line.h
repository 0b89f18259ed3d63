// What holds for every option of every command, and what the parser refuses, in our words.
#pragma once

#include <string>

namespace CLI {
class App;
class Error;
}  // namespace CLI

namespace gorotrace {

// An option with an empty value (-d "$UNSET") is a mistake, and never the same as an option that was not
// given. Of the program and its commands, once all of them are there.
void refuse_empty_values(CLI::App& program);

// Lines for stderr.
[[nodiscard]] std::string usage_error(const CLI::App& program, const CLI::Error& error);

}  // namespace gorotrace
