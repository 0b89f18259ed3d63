// A process's memory for a reader that asks for the same words again and again, a few at a time: what was
// asked for the last time is fetched in one call of the kernel, and given from there. What was not fetched is
// read as it is asked for.
//
// A reader that reads twice and compares stays right: everything fetched by one fetch() was read before
// anything of the next.
// Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "process/process.h"

namespace gorotrace {

class ReadAheadMemory final : public Memory {
 public:
  explicit ReadAheadMemory(const Memory& memory) : memory_(memory) {}

  // Begins a series of rounds: fetches what was asked for in the first round of the last series.
  void begin();
  // The next round of it: fetches what was asked for in the round before.
  void next_round();
  // Nothing is fetched any more; what is asked for from here on is read then.
  void forget();

  [[nodiscard]] bool read(std::uint64_t address, std::span<std::uint8_t> out) const override;
  [[nodiscard]] bool read_many(std::span<const Range> ranges, std::vector<bool>& failed) const override;
  [[nodiscard]] std::optional<std::uint64_t> used_bytes() const override { return memory_.used_bytes(); }
  [[nodiscard]] TargetClock clock() const override { return memory_.clock(); }

 private:
  struct Span {
    std::uint64_t begin, end;
    std::size_t at = 0;  // in bytes_
  };
  [[nodiscard]] static std::vector<Span> joined(std::vector<Span> asked);
  void fetch(std::vector<Span> spans);
  // Copies it, if all of it was fetched.
  [[nodiscard]] bool give(std::uint64_t address, std::span<std::uint8_t> out) const;

  const Memory& memory_;
  std::vector<Span> first_;          // of the first round of the last series
  bool in_first_ = false;            // a first round is going on
  mutable std::vector<Span> asked_;  // in this round
  std::vector<Span> fetched_;        // by address, apart from each other
  std::vector<std::uint8_t> bytes_;  // of these
};

}  // namespace gorotrace
