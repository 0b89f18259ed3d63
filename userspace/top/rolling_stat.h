// The last seconds of a window that begins once and grows: what a document says less what one of that time
// ago said. Pure. Threads: one.
#pragma once

#include <chrono>
#include <deque>

#include "top/documents.h"

namespace gorotrace {

class RollingStat {
 public:
  explicit RollingStat(std::chrono::nanoseconds length) : length_(length) {}

  // The next document of the same process, cumulative since begin_ns. What it says of the last `length`, or
  // of as much as there is: what is counted and timed is subtracted, row by row. What holds at a moment is
  // the document's, and so are the oldest and the longest wait, for a maximum cannot be subtracted.
  [[nodiscard]] TopStat take(TopStat now);

 private:
  const std::chrono::nanoseconds length_;
  std::deque<TopStat> before_;  // the oldest first, of one window
};

}  // namespace gorotrace
