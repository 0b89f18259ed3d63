// What a reader of a capture file does not have, and which time of a target's window that was. Plain data.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/model.h"
#include "recording/chunk_file.h"

namespace gorotrace {

// The first chunks are missing: the window begins where reading can.
struct MissingBeginning {
  std::optional<std::uint64_t> ns;  // from where the session's window began; absent: nothing says when
  std::uint64_t lost = 0;           // records from before, of which the file says so
};

struct FileLack {
  FileDamage damage;  // of the whole file
  // In which nothing was told, for chunks between others are missing: CLOCK_MONOTONIC, by time.
  std::vector<Interval> missing;
  std::optional<MissingBeginning> beginning;
  // The session's last word: what it had told last, cost among it, is as of then; of the events there are
  // those in the file. 0: nothing lacks, all is as of the window's end.
  std::uint64_t told_ns = 0;
  [[nodiscard]] bool any() const {
    return damage.any() || damage.another || !missing.empty() || beginning || told_ns != 0;
  }
  // The end of what the cost is of.
  [[nodiscard]] std::uint64_t cost_to(std::uint64_t window_end_ns) const {
    return told_ns == 0 ? window_end_ns : told_ns;
  }
};

}  // namespace gorotrace
