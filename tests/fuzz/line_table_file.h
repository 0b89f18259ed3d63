// An executable around a line table, with the module data that the linker writes for it
// (golang/moduledata.h).
#pragma once

#include "elf_file.h"

namespace gorotrace::fuzz {

inline constexpr std::uint64_t kText = 0x401000, kTextSize = 4096;

// funcdata_base: offset in the table of what its funcdata counts from.
inline std::vector<std::uint8_t> line_table_file(Bytes table, std::uint64_t funcdata_base, bool go127) {
  constexpr std::uint64_t kTable = 0x500000, kData = 0x400000;
  std::vector<std::uint8_t> data;
  put(data, 0, kTable);
  // The slices of names, compilation units, files, pc values and functions.
  for (std::uint64_t i = 0; i < 5; ++i)
    put(data, 8 + i * 24, kTable + load<std::uint64_t>(table, 32 + i * 8).value_or(0));
  put(data, 176, kText);
  put(data, 184, kText + kTextSize);
  for (const std::uint64_t at : {304u, 320u, 344u}) put(data, at, kTable + funcdata_base);
  if (go127) put(data, 336, kTable);
  return elf_file({{".text", kText, std::vector<std::uint8_t>(kTextSize), PF_R | PF_X},
                   {".gopclntab", kTable, {table.begin(), table.end()}},
                   {".noptrdata", kData, data, PF_R | PF_W}});
}

}  // namespace gorotrace::fuzz
