// Merges runs of records, each nearly in time order, into one order. What is not yet below the limit stays
// for the next call, so memory is what lies behind the watermark. Not thread-safe.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "bpf/shared/abi.h"

namespace gorotrace {

class RunMerger {
 public:
  // Run i continues what is left of run i.
  void add(std::vector<std::vector<gt_record>> runs);

  // Hands over every record with time_ns < limit_ns, in time order.
  template <typename Sink>
  void take_below(std::uint64_t limit_ns, const Sink& sink) {
    for (;;) {
      // The run with the earliest head goes on until another one's head is earlier.
      Run* first = nullptr;
      std::uint64_t until = limit_ns;
      for (Run& run : runs_) {
        if (run.at == run.records.size()) continue;
        const std::uint64_t head = run.head();
        if (first == nullptr || head < first->head()) {
          if (first != nullptr) until = std::min(until, first->head());
          first = &run;
        } else {
          until = std::min(until, head);
        }
      }
      if (first == nullptr || first->head() >= limit_ns) return;
      do {
        sink(first->records[first->at++]);
      } while (first->at < first->records.size() && first->head() < until);
    }
  }

 private:
  struct Run {
    std::vector<gt_record> records;
    std::size_t at = 0;
    [[nodiscard]] std::uint64_t head() const { return records[at].time_ns; }
  };
  std::vector<Run> runs_;
};

}  // namespace gorotrace
