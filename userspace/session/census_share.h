// What looking at goroutines may cost a session, for the censuses of all its targets. Threads: control
// thread.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "base/result.h"
#include "census/sample_scheduler.h"

namespace gorotrace {

class CensusShare {
 public:
  explicit CensusShare(double cpu) : any_(cpu > 0), scheduler_(cpu) {}  // of one CPU; 0: no census
  [[nodiscard]] bool any() const { return any_; }

  [[nodiscard]] Result<std::uint64_t> start(std::shared_ptr<CensusTaker> taker) {
    return scheduler_.start(std::move(taker));
  }
  std::uint64_t stop(const std::shared_ptr<CensusTaker>& taker) { return scheduler_.stop(taker); }

 private:
  const bool any_;
  SampleScheduler scheduler_;
};

}  // namespace gorotrace
