// Whose goroutines are looked at next: one budget and one queue of instants for the samplings of all targets,
// and one thread that looks, for the budget is a share of one CPU. A process can hold its reader up (the lock
// of its address space, a page that comes late, or never); so a second thread watches the first, and goes on
// with the others when a look takes too long. Threads: control thread, but for those it runs.
#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "sampling/process_sampler.h"

namespace gorotrace {

class SampleScheduler {
 public:
  explicit SampleScheduler(double cpu_share);
  // Leaves behind whoever a process holds up (base/crew.h).
  ~SampleScheduler();

  // Both return the time of the look they begin or end with (ProcessSampler), for which they wait 1 s at
  // most.
  [[nodiscard]] Result<std::uint64_t> start(std::shared_ptr<ProcessSampler> sampling);
  std::uint64_t stop(const std::shared_ptr<ProcessSampler>& sampling);

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace gorotrace
