// Who runs and who waits for a CPU, from the words of the scheduler alone: each P's current goroutine, and
// the lengths of the run queues (runtime/proc.go runqput, globrunqput; 1.18-1.27). Costs by GOMAXPROCS, not
// by goroutines: three calls of the kernel. Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/result.h"
#include "metrics/passes.h"

namespace gorotrace {

struct RunStates {
  // Start function of each goroutine that runs Go code, the runtime's own included; process addresses.
  std::vector<std::uint64_t> running;
  // In the Ps' queues and the global one; which goroutines they are is not read, so the runtime's own are in
  // it.
  std::uint64_t runnable = 0;
};

class RunStateReader {
 public:
  // Of `where` all but the memory, which outlives this object.
  RunStateReader(const Memory& memory, const MetricsSource& where);
  // Everything that it takes is where the code of the binary proves it to be.
  [[nodiscard]] static bool possible(const MetricsSource& where);

  [[nodiscard]] std::size_t ps() const { return ps_.size(); }  // as of the last refresh()
  [[nodiscard]] Status refresh();
  // Refreshes when GOMAXPROCS has changed.
  [[nodiscard]] Result<RunStates> read();

 private:
  struct PWords {
    std::uint32_t status = 0, runqhead = 0, runqtail = 0;
    std::uint64_t m = 0, runnext = 0;
  };
  struct GWords {
    std::uint32_t status = 0;
    std::uint64_t g = 0, m = 0, startpc = 0;
  };
  [[nodiscard]] Status read_queues(RunStates& out);
  [[nodiscard]] Status read_running(RunStates& out);

  const MetricsSource source_;
  std::vector<std::uint64_t> ps_;
  std::vector<PWords> words_;
};

}  // namespace gorotrace
