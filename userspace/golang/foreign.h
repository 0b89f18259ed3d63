// Executables that are Go and not what we read: packed, of another compiler, or without the runtime in them.
#pragma once

#include <optional>
#include <string>

#include "elf/image.h"
#include "golang/pclntab.h"

namespace gorotrace {

// What it is and what to do; nullopt: nothing known.
// Cheap: by what the file says of itself, whether it has a line table or not.
[[nodiscard]] std::optional<std::string> foreign_by_headers(const ElfImage& image);
// By its line table.
[[nodiscard]] std::optional<std::string> foreign_by_functions(const Pclntab& pclntab);
// Of one without a line table of Go's linker: its strings are searched.
[[nodiscard]] std::optional<std::string> foreign_by_contents(const ElfImage& image);

}  // namespace gorotrace
