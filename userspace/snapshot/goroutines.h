// All goroutines of a running process, read from its memory without stopping it.
// Protocol and its holes: userspace/MEMORY.md "Reading without stopping". Threads: one owner; may run beside
// anything. Hostile input: counts, pointers and stacks are bounded, cycles cannot occur (no list is
// followed).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "base/result.h"
#include "golang/goroutine.h"
#include "golang/offsets.h"
#include "process/process.h"
#include "snapshot/allgs.h"
#include "snapshot/injected_calls.h"
#include "snapshot/label_values.h"
#include "snapshot/other_code.h"
#include "snapshot/stack_set.h"

namespace gorotrace {

// Members by size: there may be a million of these.
struct GoroutineSnapshot {
  std::uint64_t goid = 0;
  std::uint64_t g = 0;                  // address of the runtime.g
  std::uint64_t gopc = 0, startpc = 0;  // process addresses
  std::uint64_t parent_goid = 0;        // 1.21+
  std::uint64_t wait_since_ns = 0;      // g.waitsince on our clock (base/clock.h): set by GC only, 0 = unset.
                                        // What the runtime prints; it proves no age: collection_times.h
  std::uint64_t waited_at_ns = 0;       // CLOCK_MONOTONIC: it waited then for sure; 0 = nothing proves an age
  std::uint64_t read_at_ns = 0;         // CLOCK_MONOTONIC when this g was read
  std::uint64_t m = 0;  // the runtime.m it runs on, is in a syscall on, or is locked to; 0 = none
  // As they stood when this g was read; what they point to is not looked at. 0 = none, or not in this
  // version.
  std::uint64_t ancestors = 0;   // g.ancestors: ancestors.h
  std::uint64_t labels = 0;      // g.labels: runtime/pprof's
  std::uint64_t waiting = 0;     // g.waiting: *runtime.sudog, the first; valid while in a channel operation
  std::uint64_t timer = 0;       // g.timer: *runtime.timer of time.Sleep, kept after it
  std::uint64_t sleep_when = 0;  // g.sleepWhen (1.23+) on our clock: when time.Sleep ends, kept after it
  // testing/synctest: bubble.id (1.25+) or the goid of syncGroup.root (1.24), as runtime/traceback.go prints;
  // 0 = in none.
  std::uint64_t bubble = 0;
  LabelId label = kNoLabelAsked;  // value of the label that whoever reads `labels` was asked for
  // Stack of a goroutine that is not running: sched.pc (or syscallpc) then return addresses:
  // Snapshot::stacks. Its identity as in bpf/shared/abi.h; kNone and 0 when running or when it could not be
  // validated.
  std::uint64_t stack_id = 0;
  std::uint64_t sp = 0;  // where it starts: sched.sp or syscallsp
  std::uint32_t stack = StackSet::kNone;
  std::uint32_t index = 0;  // in runtime.allgs, or in the addresses that were asked for
  // m.procid of `m`: in the target's PID namespace; 0 = on no thread, or unreadable.
  std::uint32_t thread_id = 0;
  GStatus status = GStatus::kIdle;
  std::uint8_t wait_reason = 0;
  std::uint8_t tracking_seq = 0;  // g.trackingSeq
  bool scan = false;              // the GC had its hand on it: runtime/traceback.go prints "(scan)"
  bool locked = false;            // runtime.LockOSThread, or a C thread's
  // g.m is set. With status waiting: it runs all the same, on its thread's system stack, where the collector
  // may scan its stack (casGToWaiting, runtime/proc.go; dropg clears g.m of one that parks).
  bool on_thread = false;
  bool running_cleanups = false;  // g.runningCleanups (1.25+): it is at functions of runtime.AddCleanup
  // A stack that was read has fewer frames than the goroutine (StackSet::Stack::truncated).
  bool truncated = false;
  // It ends at code that is not the program's own, whose frames did not lead on to runtime.goexit.
  bool ends_outside = false;
  // The stack passed every check, but nothing in the runtime counts what could have happened between the
  // looks: coroutine switches (1.22+), and from 1.26 on running <-> syscall. A stack that took longer to read
  // than the counter is good for is likewise not proven.
  bool unproven = false;
  bool retried = false;  // its stack came at the second look or later
};

struct SnapshotCounts {
  std::size_t seen = 0;         // allgs entries looked at
  std::size_t alive = 0;        // not idle/dead
  std::size_t stacks = 0;       // with a validated stack
  std::size_t unvalidated = 0;  // moved while they were read: state of the first read, no stack
  // With stacks wanted, alive = stacks + unvalidated + running + no_base.
  std::size_t running = 0;  // on a thread (or growing their stack): none to read
  std::size_t no_base =
      0;  // in a syscall without a saved frame (C threads; before 1.23 without Config::sp_delta)
  std::size_t unproven = 0;     // of `stacks`: see GoroutineSnapshot::unproven
  std::size_t end_outside = 0;  // of `stacks`: cut at code that is not the program's own
  std::size_t retried = 0;      // of `stacks` that are proven: at the second look or later
  std::size_t unreadable = 0;   // allgs entries that are no pointer to a goroutine, or repeat one
  std::size_t implausible = 0;  // allgs entries beyond what the process has memory for: not looked at
  std::size_t not_reached = 0;  // time ran out (Config::max_duration_ns), or the look was stopped
  // of `seen`: made for threads of C, in use or not. oneNewExtraM gives them a goid and no creation site,
  // ever.
  std::size_t extra = 0;
  std::uint64_t begin_ns = 0, end_ns = 0;
};

struct Snapshot {
  std::vector<GoroutineSnapshot> goroutines;  // alive ones, by address: the order in which they are read
  StackSet stacks;
  SnapshotCounts counts;
  std::vector<LabelValue> label_values = {};  // those that goroutines name and none did before

  // Empty when there is none.
  [[nodiscard]] std::span<const std::uint64_t> pcs(const GoroutineSnapshot& g) const {
    return stacks[g.stack].pcs;
  }
};

enum class StackDepth {
  kNoStacks,
  kAsProbes,  // what a probe's copy of the stack holds: GT_STACK_WINDOW bytes, GT_MAX_STACK_FRAMES frames
  kWhole,     // all of it, as runtime.Stack walks it, past C frames too (amd64)
};

class GoroutineReader {
 public:
  // allgs_address: process address of runtime.allgs. text range: process addresses.
  struct Config {
    RuntimeOffsets offsets;
    std::uint64_t allgs_address = 0;
    std::uint64_t text = 0, etext = 0;
    std::uint64_t stack_seed = 0;            // gt_target.stack_seed of the same process
    std::size_t max_goroutines = 16u << 20;  // more than this in allgs.len is refused as hostile
    std::uint64_t max_duration_ns =
        30'000'000'000;  // then the result is partial: SnapshotCounts::not_reached
    // g.trackingSeq has 8 bits: looks further apart could miss 256 switches of one goroutine.
    std::uint64_t max_between_looks_ns = 50'000;
    // Index in GoBinary::wait_reasons(); 0 = has none.
    std::uint8_t coroutine_reason = 0, preempted_reason = 0;
    InjectedCalls injected_calls{};
    // Whether a return address lies in runtime.goexit, into which the outermost frame returns; plugins have
    // one of their own.
    std::function<bool(std::uint64_t pc)> outermost = nullptr;
    // Whether a pc outside of [text, etext) lies in Go code all the same, as far as is known: a plugin's.
    OtherCode::Known plugin_code = nullptr;
    // The executable memory outside of [text, etext), asked for when a pc lies in none of these: plugins that
    // came since, C, code made at run time. Without it such a pc is none.
    OtherCode::Ask other_code = nullptr;
    // running <-> syscall increments g.trackingSeq (before 1.26)
    bool syscalls_counted = false;
    // Modules::sp_delta, for syscalls before 1.23 and goroutines preempted where they have no frame.
    SpDelta sp_delta = nullptr;
  };
  GoroutineReader(const Memory& memory, Config config);

  // Everything in allgs; kUnsupported when that is no slice of goroutines, kNoProcess when the process is
  // gone. Once `stop` is requested no other chunk is read: the result is then partial
  // (SnapshotCounts::not_reached). It comes as soon as the kernel has answered the call that is under way.
  [[nodiscard]] Result<Snapshot> read(StackDepth depth, const std::stop_token& stop = {}) const;
  // Only these. Addresses that are no g, or one twice, count as unreadable.
  [[nodiscard]] Result<Snapshot> read(std::span<const std::uint64_t> gs, StackDepth depth) const;

  // The live self-check of offsets, before the first use: stack bounds, goid,
  // status and g.m.curg == g over the first goroutines. kUnsupported naming the field that does not hold.
  [[nodiscard]] Status check_offsets();

 private:
  [[nodiscard]] Result<Snapshot> read(std::span<const std::uint64_t> gs, StackDepth depth,
                                      const std::stop_token& stop, Snapshot out) const;

  const Memory& memory_;
  Config config_;
};

[[nodiscard]] AllgsLimits allgs_limits(const GoroutineReader::Config& config);

}  // namespace gorotrace
