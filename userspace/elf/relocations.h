// The RELATIVE relocations of a position-independent executable: what its words hold once it is loaded at
// bias 0. Found through PT_DYNAMIC, because a stripped file may have no section names.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace gorotrace {

struct Relocation {
  std::uint64_t vaddr;   // of the word
  std::uint64_t addend;  // its value as a link-time address
};

class Relocations {
 public:
  explicit Relocations(std::vector<Relocation> entries);
  [[nodiscard]] std::optional<std::uint64_t> addend_at(std::uint64_t vaddr) const;
  [[nodiscard]] const std::vector<Relocation>& entries() const { return entries_; }

 private:
  std::vector<Relocation> entries_;  // by vaddr
};

}  // namespace gorotrace
