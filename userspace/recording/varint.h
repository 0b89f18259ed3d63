// Numbers of 7 bits a byte, the lowest first, as protocol buffers have them: small ones take little. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.h"

namespace gorotrace {

inline constexpr std::size_t kMaxVarintBytes = 10;

inline void append_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(static_cast<std::uint8_t>(value) | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

// Takes one off the front of bytes. False, with bytes as they were: it is cut, or has more than 64 bits.
[[nodiscard]] inline bool take_varint(Bytes& bytes, std::uint64_t& out) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < kMaxVarintBytes && i < bytes.size(); ++i) {
    const std::uint64_t part = bytes[i] & 0x7f;
    if (i == kMaxVarintBytes - 1 && part > 1) return false;
    value |= part << (7 * i);
    if ((bytes[i] & 0x80) != 0) continue;
    bytes = bytes.subspan(i + 1);
    out = value;
    return true;
  }
  return false;
}

// A difference modulo 2^64 as a number that is small for small ones of either sign.
[[nodiscard]] constexpr std::uint64_t zigzag(std::uint64_t difference) {
  return (difference << 1) ^ (0 - (difference >> 63));
}
[[nodiscard]] constexpr std::uint64_t from_zigzag(std::uint64_t value) {
  return (value >> 1) ^ (0 - (value & 1));
}

}  // namespace gorotrace
