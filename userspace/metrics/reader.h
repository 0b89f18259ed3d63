// Reads the words behind runtime/metrics from a running process. Nothing is stopped, so each set is read
// until two passes agree; where they do not, the last two are kept and the reading is not exact. A round is a
// pass of each set that is not settled; the words of a round are fetched together, as far as the round before
// (in the first one: the reading before) knew them. Threads: one at a time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "golang/metrics_layout.h"
#include "golang/offsets.h"
#include "metrics/passes.h"
#include "metrics/words.h"
#include "process/process.h"
#include "process/read_ahead_memory.h"

namespace gorotrace {

class MetricsReader {
 public:
  // The layout has link-time addresses; goroutines: the offsets of the same binary; minor: Go 1.minor.
  MetricsReader(const Memory& memory, const MetricsLayout& layout, const RuntimeOffsets& goroutines,
                int minor, std::uint64_t load_bias);

  MetricsReader(const MetricsReader&) = delete;
  MetricsReader& operator=(const MetricsReader&) = delete;

  // A set that cannot be read, or that contradicts what the runtime itself demands of it, has its reason in
  // Reading::missing.
  [[nodiscard]] RuntimeWords read();
  // Its memory is as the last round of read() found it, up to forget().
  [[nodiscard]] const MetricsSource& source() const { return source_; }
  void forget() { memory_.forget(); }

 private:
  ReadAheadMemory memory_;
  MetricsSource source_;              // refers to memory_
  std::vector<std::string> missing_;  // of the layout
};

}  // namespace gorotrace
