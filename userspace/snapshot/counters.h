// What the runtime itself counts, read from memory: the witness beside the probes (runtime/proc.go gcount,
// newproc1, goexit0).
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "golang/offsets.h"
#include "process/process.h"

namespace gorotrace {

struct RuntimeCounters {
  std::uint64_t time_ns = 0;  // CLOCK_MONOTONIC
  std::uint64_t created = 0;  // goroutines ever created, system ones included
  std::int64_t live = 0;      // = runtime.NumGoroutine
  std::int64_t system = 0;    // sched.ngsys
  // Sum of p.syscalltick, 32-bit wraps unfolded: an upper bound. One per call, and one more for a call that
  // lost its P, by sysmon, a stop of the world or at once (runtime/proc.go retake, stopTheWorldWithSema,
  // entersyscallblock; 1.18-1.27), so at most twice the calls.
  std::uint64_t syscalls = 0;
  std::uint64_t switches = 0;  // sum of p.schedtick, likewise
  bool settled = false;        // two passes agreed: exact; else the words moved while being read
  // By how much the words of Ps that are running may be ahead of, or behind, what has happened at the probes:
  // one of them can be anywhere in newproc1 or gdestroy. 0 where no P runs.
  std::uint64_t created_ahead = 0, exited_ahead = 0, exited_behind = 0;
};

// Stateful: unfolds 32-bit wrap-around between reads and keeps Ps that GOMAXPROCS dropped.
class CounterReader {
 public:
  struct Config {
    RuntimeOffsets offsets;
    std::uint64_t allgs_address = 0, allp_address = 0, sched_address = 0;  // process addresses
    std::uint16_t p_status = kAbsent;                                      // without it any P may be running
  };
  CounterReader(const Memory& memory, Config config);
  [[nodiscard]] Result<RuntimeCounters> read();

 private:
  static void note_in_hand(RuntimeCounters& out, std::uint64_t unused_goids, std::int64_t free);
  struct PerP {
    std::uint32_t schedtick = 0, syscalltick = 0;
    std::uint64_t switches = 0, syscalls = 0;
  };
  const Memory& memory_;
  Config config_;
  std::vector<PerP> per_p_;
};

}  // namespace gorotrace
