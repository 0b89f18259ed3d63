// runtime.firstmoduledata, found by the word that holds the line table's address (runtime/symtab.go,
// moduledata).
#pragma once

#include <cstdint>
#include <optional>

#include "elf/image.h"
#include "golang/pclntab_layout.h"

namespace gorotrace {

struct Moduledata {
  std::uint64_t address = 0;
  std::uint64_t text = 0, etext = 0;
  std::uint64_t gofunc = 0;  // go:func.*, what funcdata offsets count from
  std::uint64_t types = 0;   // what a type's offsets to its name count from
  bool go127 = false;        // laid out as in Go 1.27 or later
};

// Validated: its slices must be those the table's header describes, and text < etext in an executable
// segment.
[[nodiscard]] std::optional<Moduledata> find_moduledata(const ElfImage& image, std::uint64_t table_address,
                                                        const PclntabLayout& table);

}  // namespace gorotrace
