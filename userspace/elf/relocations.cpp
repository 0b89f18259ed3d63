#include "elf/relocations.h"

#include <elf.h>

#include <algorithm>

namespace gorotrace {
namespace {

constexpr std::size_t kMaxDynamic = 1024;

}  // namespace

RelocationTable relocation_table(Bytes dynamic) {
  RelocationTable table;
  for (std::size_t i = 0; i < kMaxDynamic; ++i) {
    const auto entry = load<Elf64_Dyn>(dynamic, i * sizeof(Elf64_Dyn));
    if (!entry || entry->d_tag == DT_NULL) break;
    if (entry->d_tag == DT_RELA) table.vaddr = entry->d_un.d_ptr;
    if (entry->d_tag == DT_RELASZ) table.size = entry->d_un.d_val;
  }
  return table;
}

Relocations::Relocations(Bytes table, std::uint32_t relative) {
  entries_.reserve(table.size() / sizeof(Elf64_Rela));
  for (std::uint64_t at = 0; at + sizeof(Elf64_Rela) <= table.size(); at += sizeof(Elf64_Rela)) {
    const auto r = load<Elf64_Rela>(table, at);
    if (r && ELF64_R_TYPE(r->r_info) == relative)
      entries_.push_back({r->r_offset, static_cast<std::uint64_t>(r->r_addend)});
  }
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
