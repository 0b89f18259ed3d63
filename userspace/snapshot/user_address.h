// What can be an address in a process, of what is read there and may be anything.
#pragma once

#include <cstdint>

namespace gorotrace {

// The first page is never mapped. The end is that of amd64 with five levels of page tables; arm64 has less.
inline constexpr std::uint64_t kUserStart = 4096, kUserEnd = std::uint64_t{1} << 56;

// A pointer of the Go runtime to one of its own structs: these are aligned to a word, and none is nil.
[[nodiscard]] constexpr bool may_be_pointer(std::uint64_t word) {
  return word >= kUserStart && word < kUserEnd && word % 8 == 0;
}

}  // namespace gorotrace
