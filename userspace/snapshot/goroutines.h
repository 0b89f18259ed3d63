// All goroutines of a running process, read from its memory without stopping it.
// Protocol and its holes: userspace/README.md "Reading without stopping". Threads: one owner; may run beside
// anything. Hostile input: counts, pointers and stacks are bounded, cycles cannot occur (no list is followed).
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "golang/goroutine.h"
#include "golang/offsets.h"
#include "process/process.h"

namespace gorotrace {

struct GoroutineSnapshot {
  std::uint64_t goid = 0;
  std::uint64_t g = 0;          // address of the runtime.g
  GStatus status = GStatus::kIdle;
  std::uint8_t wait_reason = 0;
  std::uint64_t gopc = 0, startpc = 0;  // process addresses
  std::uint64_t parent_goid = 0;        // 1.21+
  std::uint64_t wait_since_ns = 0;      // g.waitsince (nanotime, = CLOCK_MONOTONIC): set by GC only, a lower bound; 0 = unset
  std::uint64_t read_at_ns = 0;         // CLOCK_MONOTONIC when this g was read
  // Stack of a goroutine that is not running: sched.pc (or syscallpc) then return addresses, process addresses,
  // identity as in bpf/shared/abi.h. Empty when running or when it could not be validated.
  std::vector<std::uint64_t> pcs;
  std::uint64_t stack_id = 0;
  bool truncated = false;
};

struct SnapshotCounts {
  std::size_t seen = 0;         // allgs entries looked at
  std::size_t alive = 0;        // not idle/dead
  std::size_t stacks = 0;       // with a validated stack
  std::size_t unvalidated = 0;  // moved while they were read: state of the first read, no stack
  std::uint64_t begin_ns = 0, end_ns = 0;
};

struct Snapshot {
  std::vector<GoroutineSnapshot> goroutines;  // alive ones, allgs order
  SnapshotCounts counts;
};

class GoroutineReader {
 public:
  // allgs_address: process address of runtime.allgs. text range: process addresses.
  struct Config {
    RuntimeOffsets offsets;
    std::uint64_t allgs_address = 0;
    std::uint64_t text = 0, etext = 0;
    std::size_t max_goroutines = 16u << 20;  // more than this in allgs.len is refused as hostile
  };
  GoroutineReader(const Memory& memory, Config config);

  [[nodiscard]] Result<Snapshot> read(bool with_stacks);

  // The live self-check of offsets, before the first use (GO-RUNTIME "Self-check"): stack bounds, goid, status
  // and g.m.curg == g over the first goroutines. kUnsupported naming the field that does not hold.
  [[nodiscard]] Status check_offsets();

 private:
  const Memory& memory_;
  Config config_;
};

}  // namespace gorotrace
