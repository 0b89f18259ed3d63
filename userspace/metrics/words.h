// The words of the runtime that runtime/metrics is computed from, as they were found in memory: one struct
// for each set that the runtime too reads together (runtime/metrics.go, the stat aggregates).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "metrics/histogram.h"

namespace gorotrace {

// memstats.heapStats, summed over its three generations (runtime/mstats.go consistentHeapStats), bytes and
// counts.
struct HeapWords {
  std::uint64_t committed = 0, released = 0, inHeap = 0, inStacks = 0, inWorkBufs = 0;
  std::uint64_t inPtrScalarBits = 0;  // up to 1.24
  std::uint64_t tinyAllocCount = 0, largeAlloc = 0, largeAllocCount = 0, largeFree = 0, largeFreeCount = 0;
  std::array<std::uint64_t, kSizeClasses> smallAllocCount{}, smallFreeCount{};

  [[nodiscard]] std::uint64_t allocated_bytes() const;
  [[nodiscard]] std::uint64_t freed_bytes() const;
  [[nodiscard]] std::uint64_t allocated_objects() const;
  [[nodiscard]] std::uint64_t freed_objects() const;
  [[nodiscard]] std::uint64_t free_bytes() const;  // committed and in no span
  bool operator==(const HeapWords&) const = default;
};

struct SysWords {
  std::uint64_t stacks_sys = 0, mspan_sys = 0, mcache_sys = 0, buckhash_sys = 0, gcMiscSys = 0, other_sys = 0;
  std::uint64_t spans_inuse = 0, mcaches_inuse = 0;  // bytes of runtime.mheap_.{spanalloc,cachealloc}
  std::uint32_t numgc = 0, numforcedgc = 0;
  bool operator==(const SysWords&) const = default;
};

// runtime.gcController (runtime/mgcpacer.go).
struct GcWords {
  std::int32_t gcPercent = 0;
  std::int64_t memoryLimit = 0;
  std::uint64_t heapGoal = 0;  // 1.18 only; later computed from the rest
  std::uint64_t gcPercentHeapGoal = 0, sweepDistMinTrigger = 0, triggered = 0;
  std::uint64_t heapMarked = 0, heapScan = 0, lastStackScan = 0, globalsScan = 0;
  std::uint64_t heapFree = 0, totalAlloc = 0, totalFree = 0, mappedReady = 0;

  // gcController.heapGoal(); nullopt in the moment when the statistics contradict each other (the runtime
  // waits).
  [[nodiscard]] std::optional<std::uint64_t> goal(int minor) const;
  bool operator==(const GcWords&) const = default;
};

// work.cpuStats: nanoseconds, as of the end of the last collection (runtime/mstats.go cpuStats; since 1.20).
struct CpuWords {
  std::int64_t gc_assist = 0, gc_dedicated = 0, gc_idle = 0, gc_pause = 0, gc_total = 0;
  std::int64_t scavenge_assist = 0, scavenge_background = 0, scavenge_total = 0;
  std::int64_t idle = 0, user = 0, total = 0;
  bool operator==(const CpuWords&) const = default;
};

struct SchedWords {
  std::int64_t goroutines = 0;  // gcount: what runtime/metrics calls so; system goroutines since 1.26
  std::uint32_t gomaxprocs = 0;
  // Since 1.26:
  std::uint64_t created = 0, running = 0, runnable = 0, not_in_go = 0, waiting = 0;
  std::int64_t threads = 0;
  bool operator==(const SchedWords&) const = default;
};

// Sums over all threads, and what threads that ended had (runtime/mprof.go, runtime/debug.go NumCgoCall).
struct ThreadWords {
  std::optional<std::int64_t> mutex_wait_ns;  // since 1.20; of runtime-internal locks too since 1.22
  std::optional<std::uint64_t> cgo_calls;
  bool operator==(const ThreadWords&) const = default;
};

struct FinalizerWords {  // since 1.26
  std::uint64_t finalizers_queued = 0, finalizers_executed = 0, cleanups_queued = 0, cleanups_executed = 0;
  bool operator==(const FinalizerWords&) const = default;
};

// runtime.timeHistogram, as it lies in memory; empty where the version has none.
struct HistogramWords {
  std::vector<std::uint64_t> timeToRun, gc_pauses, other_pauses, gc_stopping, other_stopping;
  bool operator==(const HistogramWords&) const = default;
};

struct SingleWord {
  std::uint32_t value = 0;
  bool operator==(const SingleWord&) const = default;
};

// What came of reading one set, over and over until two passes agreed or patience ended.
template <typename Words>
struct Reading {
  std::string missing;  // why there is nothing; "" = there is
  bool exact = false;   // two passes agreed
  Words before, now;    // the last two passes; every word of `before` was read before any of `now`
};

struct RuntimeWords {
  std::uint64_t time_ns = 0;  // CLOCK_MONOTONIC, when reading began
  std::uint64_t took_ns = 0;
  Reading<HeapWords> heap;
  Reading<SysWords> sys;
  Reading<GcWords> gc;
  Reading<CpuWords> cpu;
  Reading<SchedWords> sched;
  Reading<ThreadWords> threads;
  Reading<FinalizerWords> finalizers;
  Reading<HistogramWords> histograms;
  Reading<SingleWord> limiter;         // gcCPULimiter.lastEnabledCycle
  Reading<SingleWord> starting_stack;  // startingStackSize
};

}  // namespace gorotrace
