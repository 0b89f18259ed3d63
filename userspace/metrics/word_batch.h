// Words at many addresses of a process, read in one system call.
#pragma once

#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "golang/metrics_offsets.h"
#include "process/process.h"

namespace gorotrace {

class WordBatch {
 public:
  explicit WordBatch(const Memory& memory) : memory_(memory) {}

  // Where the bytes go must outlive read(). A field that the version does not have is left as it is.
  template <typename T>
  void want(std::uint64_t base, std::uint32_t offset, T& out) {
    static_assert(std::is_trivially_copyable_v<T>);
    if (offset != kNoOffset) want(base + offset, {reinterpret_cast<std::uint8_t*>(&out), sizeof out});
  }
  void want(std::uint64_t address, std::span<std::uint8_t> out) { ranges_.push_back({address, out}); }

  // True when every range arrived whole.
  [[nodiscard]] bool read() {
    std::vector<bool> failed;
    if (!memory_.read_many(ranges_, failed)) return false;
    for (const bool f : failed) {
      if (f) return false;
    }
    return true;
  }

 private:
  const Memory& memory_;
  std::vector<Memory::Range> ranges_;
};

}  // namespace gorotrace
