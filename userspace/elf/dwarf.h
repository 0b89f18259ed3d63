// Member offsets of Go structs from DWARF, by libdw. Opened only when somebody asks, and closed when they
// have their answers: libdw inflates every compressed debug section when it opens, which costs more time and
// memory than everything else we do with a binary. It reads through the descriptor and maps nothing.
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/result.h"

namespace gorotrace {

class DwarfStructs {
 public:
  // What all debug sections may take together once they are inflated, by what their headers claim: libelf
  // allocates that before it looks at a byte. A program of 100 MB has 70 MB of them.
  static constexpr std::uint64_t kMaxInflated = 512u << 20;

  // kUnsupported when libdw finds no debug information in the file, or more than kMaxInflated.
  [[nodiscard]] static Result<std::unique_ptr<DwarfStructs>> open(int fd);
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
