// Which function of the runtime uses which field of its statistics: what metrics_layout.cpp finds their
// addresses by.
#pragma once

#include <cstdint>

#include "golang/metrics_offsets.h"

namespace gorotrace {

// "function uses field of the variable by its absolute address." Which does was measured on Go 1.18-1.27,
// amd64 and arm64, over all functions of the runtime (the test that holds it:
// tests/unit/golang/metrics_layout_test.cpp); the cold ones were preferred, which profile-guided optimisation
// leaves alone.
struct MetricsAnchor {
  std::uint32_t MetricsOffsets::* field;  // nullptr: the variable itself
  const char* name;
  const char* function;
  int since = 18;
};
namespace metrics_anchors {

#define FIELD(member) &MetricsOffsets::member, #member

inline constexpr MetricsAnchor kMemstats[] = {
    {FIELD(memstats_numgc), "runtime.gcMarkTermination"},
    {FIELD(memstats_numforcedgc), "runtime.gcMarkTermination"},
    {FIELD(memstats_pause_end), "runtime.gcMarkTermination"},
    {FIELD(memstats_gcPauseDist), "runtime.gcMarkTermination"},
    {FIELD(memstats_stats), "runtime.(*mcache).refill"},
    {FIELD(memstats_stacks_sys), "runtime.stackalloc"},
    {FIELD(memstats_mspan_sys), "runtime.(*mheap).init"},
    {FIELD(memstats_mcache_sys), "runtime.(*mheap).init"},
    {FIELD(memstats_gcMiscSys), "runtime.(*mheap).init"},
    {FIELD(memstats_other_sys), "runtime.(*mheap).init"},
    {FIELD(memstats_buckhash_sys), "runtime.stkbucket"},
};
inline constexpr MetricsAnchor kGcController[] = {
    {FIELD(gc_gcPercent), "runtime.gcinit"},
    {FIELD(gc_heapLive), "runtime.gcResetMarkState"},
    {FIELD(gc_memoryLimit), "runtime.gcControllerCommit"},
    {FIELD(gc_heapGoal), "runtime.(*gcControllerState).endCycle"},
    {FIELD(gc_heapScan), "runtime.(*gcControllerState).startCycle"},
    {FIELD(gc_lastStackScan), "runtime.gcMarkTermination", 20},
    {FIELD(gc_globalsScan), "runtime.gcMarkTermination"},
    {FIELD(gc_heapInUse), "runtime.printScavTrace"},
    {FIELD(gc_heapReleased), "runtime.printScavTrace"},
    {FIELD(gc_heapFree), "runtime.printScavTrace"},
    {FIELD(gc_totalAlloc), "runtime.(*mcache).refill"},
    {FIELD(gc_totalFree), "runtime.(*sweepLocked).sweep"},
    {FIELD(gc_mappedReady), "runtime.sysAlloc"},
};
inline constexpr MetricsAnchor kMheap[] = {
    {nullptr, "lock", "runtime.gcResetMarkState"},
    {FIELD(mheap_sweepgen), "runtime.allocmcache.func1"},
    {FIELD(mheap_cachealloc), "runtime.allocmcache.func1"},
    {FIELD(mheap_spanalloc_inuse), "runtime.(*p).destroy.func1"},
};
inline constexpr MetricsAnchor kWork[] = {
    {nullptr, "full", "runtime.endCheckmarks"},
    {FIELD(work_cycles), "runtime.gcTrigger.test"},
    {FIELD(work_cycles), "runtime.gcStart"},
    {FIELD(work_cpuStats), "runtime.gcMarkTermination"},
};
inline constexpr MetricsAnchor kCleanups[] = {
    {nullptr, "full", "runtime.findRunnable"},
    {FIELD(cleanups_queued), "runtime.(*p).destroy"},
    {FIELD(cleanups_executed), "runtime.gcMarkTermination"},
};
inline constexpr MetricsAnchor kSched[] = {
    {FIELD(sched_mnext), "runtime.schedtrace"},
    {FIELD(sched_nmfreed), "runtime.schedtrace"},
    {FIELD(sched_runqsize), "runtime.schedtrace"},
    {FIELD(sched_runq_size), "runtime.schedtrace"},
    {FIELD(sched_timeToRun), "runtime.casgstatus"},
    {FIELD(sched_totalMutexWaitTime), "runtime.casgstatus"},
    {FIELD(sched_stwStoppingTimeGC), "runtime.stopTheWorldWithSema"},
    {FIELD(sched_stwStoppingTimeOther), "runtime.stopTheWorldWithSema"},
    {FIELD(sched_stwTotalTimeGC), "runtime.startTheWorldWithSema"},
    {FIELD(sched_stwTotalTimeOther), "runtime.startTheWorldWithSema"},
    {FIELD(sched_totalRuntimeLockWaitTime), "runtime.mexit"},
    {FIELD(sched_goroutinesCreated), "runtime.(*p).destroy"},
    {FIELD(sched_nGsyscallNoP), "runtime.exitsyscallNoP"},
};
// Fields of p that the runtime reaches by pointer: the function has the offset in one of its instructions.
// Only large offsets are evidence; the smaller ones of p lie before statsSeq, which would move with them.
inline constexpr MetricsAnchor kByPointer[] = {
    {FIELD(limiter_lastEnabledCycle),
     "runtime.(*gcCPULimiterState).resetCapacity"},  // read_limiter checks it too
    {FIELD(p_statsSeq), "runtime.(*consistentHeapStats).acquire"},
    {FIELD(p_goroutinesCreated), "runtime.newproc1"},
    {FIELD(p_cleanupsQueued), "runtime.(*p).destroy"},
};
#undef FIELD

}  // namespace metrics_anchors
}  // namespace gorotrace
