// What holds for every option of every command, and what the parser refuses, in our words.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace CLI {
class App;
class Error;
}  // namespace CLI

namespace gorotrace {

// An option with an empty value (-d "$UNSET") is a mistake, and never the same as an option that was not
// given. Of the program and its commands, once all of them are there.
void refuse_empty_values(CLI::App& program);

struct UnderstoodWords {
  std::vector<std::string> words;    // for the parser
  std::vector<std::string> program;  // behind "--", of a command that starts a program
};

// The words behind the program's name as the parser is to have them, which is what they say: an option with
// nothing behind its "=" (--duration=) and one that another option follows (-d -p 1) have no value and are
// refused, where the parser would take the next word for it; -d=5s, as Go's flag package has it, is -d 5s.
// starts_programs: the name of the command that does; "--" ends the options of the others.
[[nodiscard]] Result<UnderstoodWords> understood_words(const CLI::App& program,
                                                       const std::vector<std::string>& words,
                                                       std::string_view starts_programs);

// "stat, dump, ...".
[[nodiscard]] std::string command_names(const CLI::App& program);

// Lines for stderr.
[[nodiscard]] std::string usage_error(const std::string& what);
[[nodiscard]] std::string usage_error(const CLI::App& program, const CLI::Error& error);

}  // namespace gorotrace
