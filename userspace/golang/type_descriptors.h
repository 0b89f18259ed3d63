// Member offsets of the runtime's structs from the binary's own type descriptors (internal/abi/type.go Type,
// StructType): `new` needs them, so a stripped binary has them, too. Exact, of whatever version; but only of
// structs that the runtime allocates by `new`, and of those to which they point.
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "elf/image.h"
#include "golang/pclntab.h"

namespace gorotrace {

class TypeDescriptors {
 public:
  // Refers to both.
  TypeDescriptors(const ElfImage& image, const Pclntab& pclntab);

  // "runtime.g": its descriptor was found. Which structs can be: type_descriptors.cpp.
  [[nodiscard]] bool has(std::string_view struct_name) const { return structs_.contains(struct_name); }
  // As DwarfStructs::member_offset. Go 1.19 and later: 1.18 has a flag among the bits of an offset.
  [[nodiscard]] std::optional<std::uint64_t> member_offset(std::string_view struct_name,
                                                           std::string_view path) const;

 private:
  struct Field {
    std::uint64_t type, offset;
  };

  void find(const char* name, const char* function, const char* mark);
  [[nodiscard]] std::optional<Field> field(std::uint64_t type, std::string_view name) const;
  // The struct itself, or the one that a pointer, a slice, or several of them lead to; 0: none.
  [[nodiscard]] std::uint64_t struct_behind(std::uint64_t type) const;
  [[nodiscard]] unsigned kind(std::uint64_t type) const;
  [[nodiscard]] bool named(std::uint64_t name, std::string_view wanted) const;

  const ElfImage& image_;
  const Pclntab& pclntab_;
  std::map<std::string, std::uint64_t, std::less<>> structs_;  // name to the descriptor's link-time address
};

}  // namespace gorotrace
