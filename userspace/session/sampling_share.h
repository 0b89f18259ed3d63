// What looking at goroutines may cost a session, for the samplings of all its targets. Threads: control
// thread.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "base/result.h"
#include "sampling/sample_scheduler.h"

namespace gorotrace {

class SamplingShare {
 public:
  explicit SamplingShare(double cpu) : any_(cpu > 0), scheduler_(cpu) {}  // of one CPU; 0: no sampling
  [[nodiscard]] bool any() const { return any_; }

  [[nodiscard]] Result<std::uint64_t> start(std::shared_ptr<ProcessSampler> sampler) {
    return scheduler_.start(std::move(sampler));
  }
  std::uint64_t stop(const std::shared_ptr<ProcessSampler>& sampler) { return scheduler_.stop(sampler); }

 private:
  const bool any_;
  SampleScheduler scheduler_;
};

}  // namespace gorotrace
