// Which files are executables that we read.
#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"

namespace gorotrace {

// Why this file is none of ours, to follow its name ("is a 32-bit executable ..."); nullopt: it is, and its
// ELF header is whole.
[[nodiscard]] std::optional<std::string> elf_refusal(Bytes file);

}  // namespace gorotrace
