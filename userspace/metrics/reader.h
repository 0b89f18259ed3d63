// Reads the words behind runtime/metrics from a running process. Nothing is stopped, so each set is read
// until two passes agree; where they do not, the last two are kept and the reading is not exact. Threads: one
// at a time.
#pragma once

#include <cstdint>

#include "golang/metrics_layout.h"
#include "golang/offsets.h"
#include "metrics/passes.h"
#include "metrics/words.h"
#include "process/process.h"

namespace gorotrace {

class MetricsReader {
 public:
  // The layout has link-time addresses; goroutines: the offsets of the same binary; minor: Go 1.minor.
  MetricsReader(const Memory& memory, const MetricsLayout& layout, const RuntimeOffsets& goroutines,
                int minor, std::uint64_t load_bias);

  // A set that cannot be read, or that contradicts what the runtime itself demands of it, has its reason in
  // Reading::missing.
  [[nodiscard]] RuntimeWords read() const;

 private:
  MetricsSource source_;
  std::vector<std::string> missing_;  // of the layout
};

}  // namespace gorotrace
