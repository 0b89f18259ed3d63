// Completions for shells: every command, every option with its values. Files, users and, by asking the
// program, Go processes are completed where a value is one. Pure.
#pragma once

#include <string>

#include "manual/command_text.h"

namespace gorotrace {

// Sourced, or in a folder of bash-completion's; needs nothing of that package.
[[nodiscard]] std::string bash_completion(const ProgramText& text);
// As _gorotrace in a folder of $fpath.
[[nodiscard]] std::string zsh_completion(const ProgramText& text);
// Sourced, or in a folder of vendor_completions.d.
[[nodiscard]] std::string fish_completion(const ProgramText& text);

}  // namespace gorotrace
