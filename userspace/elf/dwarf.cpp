#include "elf/dwarf.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <libelf.h>

#include <string>

#include "base/seeded_hash.h"

namespace gorotrace {
namespace {

constexpr int kMaxTypeHops = 16;         // typedefs in front of a struct
constexpr int kMaxMembers = 4096;        // runtime.g has about 70
constexpr int kMaxTopLevel = 4'000'000;  // DIEs of one unit

std::string_view name_of(Dwarf_Die* die) {
  const char* name = dwarf_diename(die);
  return name == nullptr ? std::string_view{} : std::string_view{name};
}

std::optional<Dwarf_Die> type_of(Dwarf_Die* die) {
  Dwarf_Attribute attribute;
  Dwarf_Die type;
  if (dwarf_attr_integrate(die, DW_AT_type, &attribute) == nullptr) return std::nullopt;
  if (dwarf_formref_die(&attribute, &type) == nullptr) return std::nullopt;
  for (int hop = 0; hop < kMaxTypeHops && dwarf_tag(&type) == DW_TAG_typedef; ++hop) {
    Dwarf_Die next;
    if (dwarf_attr_integrate(&type, DW_AT_type, &attribute) == nullptr) return std::nullopt;
    if (dwarf_formref_die(&attribute, &next) == nullptr) return std::nullopt;
    type = next;
  }
  return type;
}

std::optional<std::uint64_t> location_of(Dwarf_Die* member) {
  Dwarf_Attribute attribute;
  Dwarf_Word offset = 0;
  if (dwarf_attr(member, DW_AT_data_member_location, &attribute) == nullptr) return std::nullopt;
  if (dwarf_formudata(&attribute, &offset) == 0) return offset;
  // Older Go linkers write a location expression: DW_OP_plus_uconst N.
  Dwarf_Op* ops = nullptr;
  std::size_t count = 0;
  if (dwarf_getlocation(&attribute, &ops, &count) == 0 && count == 1 && ops[0].atom == DW_OP_plus_uconst)
    return ops[0].number;
  return std::nullopt;
}

}  // namespace

struct DwarfStructs::Impl {
  Elf* elf = nullptr;
  Dwarf* dwarf = nullptr;
  // The Go linker puts all types of a program into a unit of package runtime (cmd/link/internal/ld/dwarf.go,
  // movetomodule, 1.18-1.27). There may be several of that name (assembly has its own), in any order. The
  // walk over their children goes on from where it stopped.
  Dwarf_CU* unit = nullptr;
  bool in_unit = false, finished = false;
  Dwarf_Die next{};
  int walked = 0;
  SeededMap<std::string, Dwarf_Die> structs;

  ~Impl() {
    if (dwarf != nullptr) dwarf_end(dwarf);
    if (elf != nullptr) elf_end(elf);
  }

  bool enter_next_unit() {
    Dwarf_CU* following = nullptr;
    Dwarf_Die die;
    while (dwarf_get_units(dwarf, unit, &following, nullptr, nullptr, &die, nullptr) == 0) {
      unit = following;
      if (name_of(&die) == "runtime" && dwarf_child(&die, &next) == 0) return true;
    }
    return false;
  }

  Dwarf_Die* find(std::string_view name) {
    const std::string key(name);
    if (const auto it = structs.find(key); it != structs.end()) return &it->second;
    while (!finished) {
      if (!in_unit) in_unit = enter_next_unit();
      if (!in_unit) {
        finished = true;
        break;
      }
      Dwarf_Die die = next;
      if (dwarf_siblingof(&die, &next) != 0) in_unit = false;
      if (++walked > kMaxTopLevel) finished = true;
      if (dwarf_tag(&die) != DW_TAG_structure_type) continue;
      const std::string_view found = name_of(&die);
      if (!found.starts_with("runtime.")) continue;
      const auto it = structs.emplace(found, die).first;
      if (found == name) return &it->second;
    }
    return nullptr;
  }

  static std::optional<Dwarf_Die> member(Dwarf_Die* structure, std::string_view name) {
    Dwarf_Die child;
    if (dwarf_child(structure, &child) != 0) return std::nullopt;
    for (int i = 0; i < kMaxMembers; ++i) {
      if (dwarf_tag(&child) == DW_TAG_member && name_of(&child) == name) return child;
      if (dwarf_siblingof(&child, &child) != 0) break;
    }
    return std::nullopt;
  }
};

DwarfStructs::DwarfStructs(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DwarfStructs::~DwarfStructs() = default;

std::unique_ptr<DwarfStructs> DwarfStructs::open(Bytes file) {
  if (elf_version(EV_CURRENT) == EV_NONE) return nullptr;
  auto impl = std::make_unique<Impl>();
  // libelf writes to the section headers of debug sections that it decompresses, nowhere else in a file of
  // the host's byte order; the image is a private copy for that (image.cpp), and nothing else of ours reads
  // those headers' flags.
  impl->elf = elf_memory(const_cast<char*>(reinterpret_cast<const char*>(file.data())), file.size());
  if (impl->elf == nullptr) return nullptr;
  impl->dwarf = dwarf_begin_elf(impl->elf, DWARF_C_READ, nullptr);
  if (impl->dwarf == nullptr) return nullptr;
  return std::unique_ptr<DwarfStructs>(new DwarfStructs(std::move(impl)));
}

std::optional<std::uint64_t> DwarfStructs::member_offset(std::string_view struct_name,
                                                         std::string_view path) {
  Dwarf_Die* found = impl_->find(struct_name);
  if (found == nullptr) return std::nullopt;
  Dwarf_Die structure = *found;
  std::uint64_t offset = 0;
  for (;;) {
    const std::size_t dot = path.find('.');
    auto member = Impl::member(&structure, path.substr(0, dot));
    if (!member) return std::nullopt;
    const auto location = location_of(&*member);
    if (!location) return std::nullopt;
    offset += *location;
    if (dot == std::string_view::npos) return offset;
    path.remove_prefix(dot + 1);
    const auto type = type_of(&*member);
    if (!type) return std::nullopt;
    structure = *type;
  }
}

}  // namespace gorotrace
