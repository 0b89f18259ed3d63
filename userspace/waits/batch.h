// Many objects of one size in few system calls and, where they lie together, few remote ranges.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "process/process.h"
#include "snapshot/merged_ranges.h"

namespace gorotrace::waits {

class Batch {
 public:
  explicit Batch(const Memory& memory) : memory_(memory) {}
  // `size` bytes at each address; false when the process is gone.
  [[nodiscard]] bool read(std::span<const std::uint64_t> addresses, std::size_t size);
  // The same at address_of(i) for each i below `count`.
  template <typename AddressOf>
  [[nodiscard]] bool read(std::size_t count, AddressOf address_of, std::size_t size) {
    addresses_.clear();
    for (std::size_t i = 0; i < count; ++i) addresses_.push_back(address_of(i));
    return read(addresses_, size);
  }
  // Empty when that address could not be read.
  [[nodiscard]] Bytes at(std::size_t i) const;

 private:
  const Memory& memory_;
  std::vector<std::uint64_t> addresses_;
  MergedRanges merged_;
  std::vector<std::size_t> order_;     // positions by rising address
  std::vector<std::size_t> piece_of_;  // in merged_, by position
  std::vector<Memory::Range> ranges_;
  std::vector<bool> failed_;
  // Of those whose range could not be read whole: by position, empty where they could not be read either.
  std::unordered_map<std::size_t, std::vector<std::uint8_t>> alone_;
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
