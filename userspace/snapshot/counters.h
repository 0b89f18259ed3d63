// What the runtime itself counts, read from memory: the cross-check beside the probes (runtime/proc.go
// gcount, newproc1, goexit0).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <utility>
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

// Stateful: unfolds 32-bit wrap-around between reads, keeps Ps that GOMAXPROCS dropped, and knows where the
// Ps are: while nothing changes a read is one call.
class CounterReader {
 public:
  struct Config {
    RuntimeOffsets offsets;
    std::uint64_t allgs_address = 0, allp_address = 0, sched_address = 0;  // process addresses
    std::uint16_t p_status = kAbsent;                                      // without it any P may be running
  };
  CounterReader(const Memory& memory, Config config);
  // Until two passes agree, of `passes` at most.
  [[nodiscard]] Result<RuntimeCounters> read(int passes = 16);

  // One pass as part of a call that reads other things, too: its ranges, valid until the next read() or
  // add_pass(). False: where the Ps are is not known (any more), read() finds out.
  [[nodiscard]] bool add_pass(std::vector<Memory::Range>& ranges);
  // What that pass brought; settled when it is what the pass before it did. nullopt: the Ps are elsewhere by
  // now, or did not arrive. failed: of that call, the pass's ranges from `first` on.
  [[nodiscard]] std::optional<RuntimeCounters> take_pass(const std::vector<bool>& failed, std::size_t first);

 private:
  struct Span {  // of a struct: from the first field that is needed to the end of the last
    std::uint16_t begin = kAbsent, end = 0;
    [[nodiscard]] std::size_t size() const { return end > begin ? end - begin : 0u; }
  };
  struct PerP {
    std::uint32_t schedtick = 0, syscalltick = 0;
    std::uint64_t switches = 0, syscalls = 0;
  };
  static Span span_of(std::initializer_list<std::pair<std::uint16_t, std::uint16_t>> fields);
  static void note_in_hand(RuntimeCounters& out, std::uint64_t unused_goids, std::int64_t free);
  [[nodiscard]] bool complete() const;
  [[nodiscard]] Status find_ps();
  [[nodiscard]] RuntimeCounters figures(bool unchanged);

  const Memory& memory_;
  const Config config_;
  const bool sized_lists_;  // gList counts itself since Go 1.25
  const Span sched_, p_;

  std::array<std::uint64_t, 3> allp_{};         // the slice's words when ps_ was read
  std::vector<std::uint64_t> ps_;               // empty: not known
  std::vector<std::uint8_t> bytes_, previous_;  // of the last two passes; empty: the pass did not arrive
  std::vector<Memory::Range> ranges_;
  std::vector<bool> failed_;
  std::size_t ranges_of_pass_ = 0;
  RuntimeCounters last_;
  std::vector<PerP> per_p_;
};

}  // namespace gorotrace
