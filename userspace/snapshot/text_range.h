// A piece of the program's text, process addresses.
#pragma once

#include <cstdint>

namespace gorotrace {

struct TextRange {
  std::uint64_t begin = 0, end = 0;
  [[nodiscard]] bool holds(std::uint64_t pc) const { return pc >= begin && pc < end; }
};

}  // namespace gorotrace
