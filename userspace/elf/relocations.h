// The RELATIVE relocations of a position-independent executable: what its words hold once it is loaded at
// bias 0. Found through PT_DYNAMIC, because a stripped file may have no section names.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"

namespace gorotrace {

struct Relocation {
  std::uint64_t vaddr;   // of the word
  std::uint64_t addend;  // its value as a link-time address
};

// Of PT_DYNAMIC's contents: where DT_RELA's table lies; size 0: there is none. DT_RELR needs nothing here:
// its words hold their addends in the file.
struct RelocationTable {
  std::uint64_t vaddr = 0, size = 0;
};
[[nodiscard]] RelocationTable relocation_table(Bytes dynamic);

class Relocations {
 public:
  // The entries of type `relative` (R_X86_64_RELATIVE, R_AARCH64_RELATIVE) of a table of Elf64_Rela.
  Relocations(Bytes table, std::uint32_t relative);
  [[nodiscard]] std::optional<std::uint64_t> addend_at(std::uint64_t vaddr) const;
  [[nodiscard]] const std::vector<Relocation>& entries() const { return entries_; }

 private:
  std::vector<Relocation> entries_;  // by vaddr
};

}  // namespace gorotrace
