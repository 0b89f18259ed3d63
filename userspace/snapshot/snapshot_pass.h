// One snapshot being taken: chunk by chunk, and again for those that moved. Threads: one owner, used once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <stop_token>
#include <vector>

#include "base/result.h"
#include "snapshot/chunk_reader.h"
#include "snapshot/goroutines.h"
#include "snapshot/other_code.h"
#include "snapshot/stack_walk.h"

namespace gorotrace {

class SnapshotPass {
 public:
  SnapshotPass(const Memory& memory, const GoroutineReader::Config& config, StackDepth depth,
               std::stop_token stop);

  // out.counts.begin_ns is set. The rows come by address.
  [[nodiscard]] Status run(std::span<const std::uint64_t> gs, Snapshot& out);

 private:
  static constexpr std::uint32_t kNoRow = ~0u;
  struct Entry {
    std::uint64_t g;
    std::uint32_t index;         // in gs
    std::uint32_t row = kNoRow;  // in Snapshot::goroutines
    std::uint8_t moves = 0;
  };
  enum class Round { kFirst, kAgain, kDeep };

  [[nodiscard]] std::vector<Entry> distinct(std::span<const std::uint64_t> gs, SnapshotCounts& counts) const;
  [[nodiscard]] Status look_at(std::vector<Entry> pending, Round round, Snapshot& out);
  [[nodiscard]] bool read_chunk(std::span<Entry> chunk, Round round, Snapshot& out);
  void first_look(Entry& entry, std::size_t i, Snapshot& out);
  void take(const Entry& entry, std::size_t i, Round round, Snapshot& out);
  bool walk(std::size_t i, StackDepth depth, Round round);
  void look_again(Entry entry);
  void end_outside(GoroutineSnapshot& row);
  void read_far_ends(Snapshot& out);

  struct Deeper {  // where its stack was cut
    std::uint64_t g;
    GWords words;
    std::uint64_t next_fp;
  };

  const Memory& memory_;
  const GoroutineReader::Config& config_;
  const StackDepth depth_;
  const TargetClock clock_;
  const std::stop_token stop_;
  const SpDelta& sp_delta_;  // of config_
  OtherCode other_code_;
  Code::Elsewhere elsewhere_;
  const Code code_;
  ChunkReader reader_;
  std::vector<Entry> again_, deep_;
  std::map<std::uint32_t, Deeper> deeper_;  // by row
  std::vector<std::uint64_t> chunk_gs_;
  WalkedStack walked_;
};

}  // namespace gorotrace
