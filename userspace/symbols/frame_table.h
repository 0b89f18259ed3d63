// The frames of one binary's program counters, each looked up once for all processes that run it: names
// printable(), addresses those of the linker, whatever a process's load bias is.
// Threads: any. What it gives out lives and stays as it is for as long as the table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/seeded_hash.h"
#include "golang/modules.h"
#include "golang/pclntab.h"

namespace gorotrace {

// Link-time look-ups; the seam between this folder and a Go binary.
struct PcLookup {
  std::function<std::vector<Frame>(std::uint64_t link_pc)> frames;           // as Pclntab::frames
  std::function<std::optional<std::uint64_t>(std::uint64_t link_pc)> entry;  // of the function at pc
};
// `pclntab`, `modules` must outlive the result.
[[nodiscard]] PcLookup pclntab_lookup(const Pclntab& pclntab);
// Link-time addresses of the first module, whichever a pc is in.
[[nodiscard]] PcLookup modules_lookup(const Modules& modules);

class FrameTable {
 public:
  // Distinct places of a program that goroutines stand at: some ten thousand in the greatest. Names are as
  // long as the file says, so that bytes are bounded, too.
  static constexpr std::size_t kMaxPcs = 1u << 18, kMaxBytes = 128u << 20;
  // Generic names of real programs pass 1 kB; beyond this nobody reads on.
  static constexpr std::size_t kMaxName = 4096;

  explicit FrameTable(PcLookup lookup, std::size_t max_bytes = kMaxBytes)
      : lookup_(std::move(lookup)), max_bytes_(max_bytes) {}

  // Innermost first. nullptr: no Go function is there, its bytes cannot be read, or the table is full.
  [[nodiscard]] const std::vector<Frame>* at(std::uint64_t link_pc);
  // It takes no more: one of the processes that share it may have seen to that. For who goes on alone.
  [[nodiscard]] bool full() const;
  [[nodiscard]] std::shared_ptr<FrameTable> empty_one() const {
    return std::make_shared<FrameTable>(lookup_, max_bytes_);
  }
  [[nodiscard]] std::optional<std::uint64_t> entry(std::uint64_t link_pc) const {
    return lookup_.entry(link_pc);
  }
  [[nodiscard]] std::size_t size() const;

 private:
  PcLookup lookup_;
  const std::size_t max_bytes_;
  mutable std::mutex mutex_;
  SeededMap<std::uint64_t, std::vector<Frame>> frames_;  // empty: no function
  std::size_t bytes_ = 0;
};

}  // namespace gorotrace
