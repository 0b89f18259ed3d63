#include "elf/relocations.h"

#include <algorithm>

namespace gorotrace {

Relocations::Relocations(std::vector<Relocation> entries) : entries_(std::move(entries)) {
  const auto by_address = [](const Relocation& a, const Relocation& b) { return a.vaddr < b.vaddr; };
  if (!std::is_sorted(entries_.begin(), entries_.end(), by_address))
    std::sort(entries_.begin(), entries_.end(), by_address);
}

std::optional<std::uint64_t> Relocations::addend_at(std::uint64_t vaddr) const {
  const auto it = std::lower_bound(entries_.begin(), entries_.end(), vaddr,
                                   [](const Relocation& r, std::uint64_t at) { return r.vaddr < at; });
  if (it == entries_.end() || it->vaddr != vaddr) return std::nullopt;
  return it->addend;
}

}  // namespace gorotrace
