// Member offsets of Go structs from DWARF, by libdw. Opened only when somebody asks: libdw inflates every
// compressed debug section when it opens, which costs more than everything else we do with a binary.
// Threads: one at a time (ElfImage locks).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/bytes.h"

namespace gorotrace {

class DwarfStructs {
 public:
  // nullptr when libdw finds no debug information in the file.
  [[nodiscard]] static std::unique_ptr<DwarfStructs> open(Bytes file);
  ~DwarfStructs();

  // "runtime.g", "sched.sp": the path goes through embedded structs; offsets add up.
  [[nodiscard]] std::optional<std::uint64_t> member_offset(std::string_view struct_name,
                                                           std::string_view path);

 private:
  struct Impl;
  explicit DwarfStructs(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace gorotrace
