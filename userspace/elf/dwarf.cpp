#include "elf/dwarf.h"

#include <dwarf.h>
#include <elf.h>
#include <elfutils/libdw.h>
#include <fmt/format.h>
#include <gelf.h>
#include <libelf.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/seeded_hash.h"

namespace gorotrace {
namespace {

constexpr int kMaxTypeHops = 16;         // typedefs in front of a struct
constexpr int kMaxMembers = 4096;        // runtime.g has about 70
constexpr int kMaxTopLevel = 4'000'000;  // DIEs of one unit
// libdw keeps 200 bytes for each unit it has passed; a Go program has one per package, and those of C.
constexpr int kMaxUnits = 1 << 17;
constexpr std::size_t kMaxStructs = 1u << 16;  // of package runtime, which has some 600

// A value that lies in another file, which libdw would open by the path that this one names, a FIFO's too.
bool in_another_file(Dwarf_Attribute* attribute) {
  switch (dwarf_whatform(attribute)) {
    case DW_FORM_GNU_strp_alt:
    case DW_FORM_GNU_ref_alt:
    case DW_FORM_strp_sup:
    case DW_FORM_ref_sup4:
    case DW_FORM_ref_sup8:
      return true;
    default:
      return false;
  }
}

bool follow_type(Dwarf_Die* die, Dwarf_Die* type) {
  Dwarf_Attribute attribute;
  return dwarf_attr(die, DW_AT_type, &attribute) != nullptr && !in_another_file(&attribute) &&
         dwarf_formref_die(&attribute, type) != nullptr;
}

std::optional<Dwarf_Die> type_of(Dwarf_Die* die) {
  Dwarf_Die type;
  if (!follow_type(die, &type)) return std::nullopt;
  for (int hop = 0; hop < kMaxTypeHops && dwarf_tag(&type) == DW_TAG_typedef; ++hop) {
    Dwarf_Die next;
    if (!follow_type(&type, &next)) return std::nullopt;
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

// What the section takes once it is inflated, by what it claims; nullopt: it does not say.
std::optional<std::uint64_t> inflated_size(Elf_Scn* section, const GElf_Shdr& header, std::string_view name) {
  if ((header.sh_flags & SHF_COMPRESSED) != 0) {
    GElf_Chdr compression;
    if (gelf_getchdr(section, &compression) == nullptr) return std::nullopt;
    return compression.ch_size;
  }
  if (!name.starts_with(".zdebug_")) return header.sh_size;
  // "ZLIB" and the size, big endian (binutils before SHF_COMPRESSED, Go's linker up to 1.18).
  constexpr std::size_t kHead = 12;
  const Elf_Data* raw = elf_rawdata(section, nullptr);
  if (raw == nullptr || raw->d_buf == nullptr || raw->d_size < kHead) return std::nullopt;
  std::uint64_t size = 0;
  std::memcpy(&size, static_cast<const char*>(raw->d_buf) + 4, sizeof size);
  return __builtin_bswap64(size);
}

// Before libdw is given the file. `sections`: those with debug information.
Status check_sizes(Elf* elf, std::vector<Elf_Scn*>& sections) {
  std::size_t names = 0;
  if (elf_getshdrstrndx(elf, &names) != 0) return fail(ErrorKind::kUnsupported, "its sections have no names");
  std::uint64_t total = 0;
  for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf, section)) != nullptr;) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == nullptr || header.sh_type == SHT_NOBITS) continue;
    const char* found = elf_strptr(elf, names, header.sh_name);
    const std::string_view name = found == nullptr ? std::string_view{} : std::string_view{found};
    if (!name.starts_with(".debug_") && !name.starts_with(".zdebug_")) continue;
    sections.push_back(section);
    // The bytes in the file first: looking at them is what is bounded.
    auto size = std::optional(header.sh_size);
    if (*size <= DwarfStructs::kMaxInflated) size = inflated_size(section, header, name);
    if (!size) return fail(ErrorKind::kUnsupported, "its debug information is damaged");
    total += std::min(*size, DwarfStructs::kMaxInflated + 1);
    if (total > DwarfStructs::kMaxInflated)
      return fail(ErrorKind::kUnsupported,
                  fmt::format("its debug information takes more than the {} MB that are read of it",
                              DwarfStructs::kMaxInflated >> 20));
  }
  return {};
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
  int walked = 0, units = 0;
  SeededMap<std::string, Dwarf_Die> structs;
  std::vector<Bytes> contents;  // of the debug sections, inflated

  ~Impl() {
    if (dwarf != nullptr) dwarf_end(dwarf);
    if (elf != nullptr) elf_end(elf);
  }

  // Of sections that libdw has read and keeps.
  void note_contents(const std::vector<Elf_Scn*>& sections) {
    for (Elf_Scn* section : sections) {
      const Elf_Data* data = elf_rawdata(section, nullptr);
      if (data != nullptr && data->d_buf != nullptr)
        contents.emplace_back(static_cast<const std::uint8_t*>(data->d_buf), data->d_size);
    }
  }

  // libdw does not look for the end of a name that stands in .debug_info itself (DW_FORM_string).
  [[nodiscard]] std::string_view name_of(Dwarf_Die* die) const {
    Dwarf_Attribute attribute;
    if (dwarf_attr(die, DW_AT_name, &attribute) == nullptr || in_another_file(&attribute)) return {};
    const auto* const name = reinterpret_cast<const std::uint8_t*>(dwarf_formstring(&attribute));
    if (name == nullptr) return {};
    for (const Bytes bytes : contents) {
      const std::less_equal<> not_behind;
      if (!not_behind(bytes.data(), name) || !not_behind(name, bytes.data() + bytes.size())) continue;
      const auto rest = static_cast<std::size_t>(bytes.data() + bytes.size() - name);
      const void* const end = rest == 0 ? nullptr : std::memchr(name, 0, rest);
      if (end == nullptr) continue;
      return {reinterpret_cast<const char*>(name),
              static_cast<std::size_t>(static_cast<const std::uint8_t*>(end) - name)};
    }
    return {};
  }

  bool enter_next_unit() {
    Dwarf_CU* following = nullptr;
    Dwarf_Die die;
    while (++units <= kMaxUnits &&
           dwarf_get_units(dwarf, unit, &following, nullptr, nullptr, &die, nullptr) == 0) {
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
      if (++walked > kMaxTopLevel || structs.size() >= kMaxStructs) finished = true;
      if (dwarf_tag(&die) != DW_TAG_structure_type) continue;
      const std::string_view found = name_of(&die);
      if (!found.starts_with("runtime.")) continue;
      const auto it = structs.emplace(found, die).first;
      if (found == name) return &it->second;
    }
    return nullptr;
  }

  [[nodiscard]] std::optional<Dwarf_Die> member(Dwarf_Die* structure, std::string_view name) const {
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

Result<std::unique_ptr<DwarfStructs>> DwarfStructs::open(int fd) {
  const auto none = [] { return fail(ErrorKind::kUnsupported, "its debug information cannot be read"); };
  if (elf_version(EV_CURRENT) == EV_NONE) return none();
  auto impl = std::make_unique<Impl>();
  impl->elf = elf_begin(fd, ELF_C_READ, nullptr);
  if (impl->elf == nullptr) return none();
  std::vector<Elf_Scn*> sections;
  if (auto sound = check_sizes(impl->elf, sections); !sound) return std::unexpected(sound.error());
  impl->dwarf = dwarf_begin_elf(impl->elf, DWARF_C_READ, nullptr);
  if (impl->dwarf == nullptr) return none();
  impl->note_contents(sections);
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
    auto member = impl_->member(&structure, path.substr(0, dot));
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
