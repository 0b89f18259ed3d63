// Bounded little-endian reads over bytes that came from a target: the one way userspace/ looks into ELF
// files, pclntab and remote memory. Both supported architectures are little endian (elf/ refuses others).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

namespace gorotrace {

using Bytes = std::span<const std::uint8_t>;

template <typename T>
[[nodiscard]] std::optional<T> load(Bytes bytes, std::uint64_t offset) {
  static_assert(std::is_trivially_copyable_v<T>);
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

// [offset, offset + size) of bytes, or an empty span when any of it lies outside.
[[nodiscard]] inline Bytes slice(Bytes bytes, std::uint64_t offset, std::uint64_t size) {
  if (offset > bytes.size() || bytes.size() - offset < size) return {};
  return bytes.subspan(offset, size);
}

[[nodiscard]] inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace gorotrace
