// A process's memory made of an input. Every address is mapped, folded onto the same few kilobytes, so that a
// pointer always leads somewhere and lists soon bite their tails. Only the first page and what lies above the
// user's half are not. Once, after some reads, a word of it changes: the process runs on.
#pragma once

#include <array>
#include <cstring>
#include <span>
#include <vector>

#include "check.h"
#include "input.h"
#include "process/process.h"

namespace gorotrace::fuzz {

class HostileMemory final : public Memory {
 public:
  static constexpr std::size_t kSize = 8 * 1024;
  // What a reader may ask for in all, however it is led on.
  static constexpr std::uint64_t kMaxAsked = 1u << 30;

  // Consumes the input: 1 byte, after how many reads what changes; 2 where; 8 into what; the memory.
  explicit HostileMemory(Input& input)
      : reads_left_(input.take<std::uint8_t>()),
        changed_at_(input.take<std::uint16_t>()),
        changed_to_(input.take<std::uint64_t>()) {
    const Bytes bytes = input.take_bytes(kSize);
    std::ranges::copy(bytes, bytes_.begin());
  }

  bool read(std::uint64_t address, std::span<std::uint8_t> out) const override {
    step();
    return copy(address, out);
  }
  bool read_many(std::span<const Range> ranges, std::vector<bool>& failed) const override {
    step();
    failed.assign(ranges.size(), false);
    for (std::size_t i = 0; i < ranges.size(); ++i) failed[i] = !copy(ranges[i].address, ranges[i].out);
    return true;
  }
  std::optional<std::uint64_t> used_bytes() const override { return 1u << 20; }

 private:
  void step() const {
    if (reads_left_ == 0 || --reads_left_ != 0) return;
    for (std::size_t i = 0; i < sizeof changed_to_; ++i)
      bytes_[(changed_at_ + i) % kSize] = static_cast<std::uint8_t>(changed_to_ >> 8 * i);
  }
  bool copy(std::uint64_t address, std::span<std::uint8_t> out) const {
    constexpr std::uint64_t kLowest = 4096, kEnd = 1ull << 47;
    asked_ += out.size();
    check(asked_ <= kMaxAsked, "what is read of a process is bounded");
    if (address < kLowest || address >= kEnd || out.size() > kEnd - address) return false;
    for (std::size_t i = 0; i < out.size();) {
      const std::size_t at = (address + i) % kSize, n = std::min(out.size() - i, kSize - at);
      std::memcpy(out.data() + i, bytes_.data() + at, n);
      i += n;
    }
    return true;
  }

  mutable std::array<std::uint8_t, kSize> bytes_{};
  mutable std::uint64_t asked_ = 0;
  mutable std::uint8_t reads_left_;
  std::uint16_t changed_at_;
  std::uint64_t changed_to_;
};

}  // namespace gorotrace::fuzz
