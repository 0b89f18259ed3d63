// What looking at goroutines may cost, shared by the censuses of a session's targets. Threads: control
// thread.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "census/census_taker.h"

namespace gorotrace {

class CensusShare {
 public:
  explicit CensusShare(double cpu) : cpu_(cpu) {}  // of one CPU; 0: no census
  [[nodiscard]] bool any() const { return cpu_ > 0; }

  // Both return the time of the look they begin or end with (CensusTaker).
  [[nodiscard]] Result<std::uint64_t> start(CensusTaker& taker);
  std::uint64_t stop(CensusTaker& taker);

 private:
  void divide();

  double cpu_;
  std::vector<CensusTaker*> running_;
};

}  // namespace gorotrace
