// Pages of the manual: gorotrace(1), and one for each command, as git and perf have them: the commands share
// names of options that mean different things (--where, --by, --budget), and each has examples of its own.
#pragma once

#include <string>

#include "manual/command_text.h"

namespace gorotrace {

struct ManualVersion {
  std::string version;  // "0.1.0"
  std::string date;     // of that version: "2026-11-28"
};

[[nodiscard]] std::string program_page(const ProgramText& text, const ManualVersion& version);
[[nodiscard]] std::string command_page(const ProgramText& text, const CommandText& command,
                                       const ManualVersion& version);

}  // namespace gorotrace
