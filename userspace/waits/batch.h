// Many objects of one size in few system calls.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "process/process.h"

namespace gorotrace::waits {

class Batch {
 public:
  explicit Batch(const Memory& memory) : memory_(memory) {}
  // `size` bytes at each address; false when the process is gone.
  [[nodiscard]] bool read(std::span<const std::uint64_t> addresses, std::size_t size);
  // Empty when that address could not be read.
  [[nodiscard]] Bytes at(std::size_t i) const;

 private:
  const Memory& memory_;
  std::size_t size_ = 0;
  std::vector<std::uint8_t> bytes_;
  std::vector<Memory::Range> ranges_;
  std::vector<bool> failed_;
};

// Calls body(first, count) for each part of `total`, at most `size` large, until it returns false.
template <typename Body>
[[nodiscard]] bool in_parts(std::size_t total, std::size_t size, Body body) {
  for (std::size_t at = 0; at < total; at += size) {
    if (!body(at, total - at < size ? total - at : size)) return false;
  }
  return true;
}
inline constexpr std::size_t kPart = 4096;  // objects a batch: bounds our memory

}  // namespace gorotrace::waits
