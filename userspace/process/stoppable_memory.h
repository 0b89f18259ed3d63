// A process's memory that nobody gets to read any more once a stop is requested: every reader behind it then
// ends as if the process were gone, and soon, for it is asked before each call of the kernel. Only the call
// that is under way is waited for.
// Threads: as the memory it stands for.
#pragma once

#include <stop_token>
#include <utility>

#include "process/process.h"

namespace gorotrace {

class StoppableMemory final : public Memory {
 public:
  StoppableMemory(const Memory& memory, std::stop_token stop) : memory_(memory), stop_(std::move(stop)) {}
  // From here on another one counts. While nobody reads.
  void obey(std::stop_token stop) { stop_ = std::move(stop); }

  [[nodiscard]] bool read(std::uint64_t address, std::span<std::uint8_t> out) const override {
    return !stop_.stop_requested() && memory_.read(address, out);
  }
  [[nodiscard]] bool read_many(std::span<const Range> ranges, std::vector<bool>& failed) const override {
    return !stop_.stop_requested() && memory_.read_many(ranges, failed);
  }
  [[nodiscard]] std::optional<std::uint64_t> used_bytes() const override { return memory_.used_bytes(); }
  [[nodiscard]] TargetClock clock() const override { return memory_.clock(); }

 private:
  const Memory& memory_;
  std::stop_token stop_;
};

}  // namespace gorotrace
