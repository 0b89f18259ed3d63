#include "metrics/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <initializer_list>
#include <string>
#include <thread>
#include <utility>

#include "base/clock.h"

namespace gorotrace {
namespace {

constexpr int kPasses = 16;
constexpr int kFailures = 3;  // allp or allm may change under one look, hardly under three
constexpr auto kPause = std::chrono::microseconds(200);  // longer than most of the runtime's own pauses

template <typename Words>
void settle(const MetricsSource& source, Pass (*pass)(const MetricsSource&, Words&), Reading<Words>& out) {
  int read = 0, unreadable = 0;
  bool contradicts = false;  // two passes agreed on words that contradict each other
  Pass last = Pass::kGood;
  for (int i = 0; i < kPasses && unreadable < kFailures && !out.exact; ++i) {
    Words words;
    last = pass(source, words);
    if (last == Pass::kUnreadable) ++unreadable;
    if (last == Pass::kMoving) std::this_thread::sleep_for(kPause);
    if (last != Pass::kGood && last != Pass::kContradicts) continue;
    out.before = std::exchange(out.now, std::move(words));
    const bool same = read > 0 && out.before == out.now;
    out.exact = same && last == Pass::kGood;
    contradicts = same && last == Pass::kContradicts;
    ++read;
  }
  if (read == 1) out.before = out.now;
  if (read == 0) {
    out.missing = last == Pass::kMoving
                      ? fmt::format("was being changed in each of {} looks", kPasses)
                      : "cannot be read: not mapped, not what it should be, or the process is gone";
  } else if (contradicts && !out.exact) {
    out.missing = "the words contradict each other: this is a modified Go runtime or one we do not know";
  }
}

// A variable or field that a set needs, and its name as MetricsLayout::missing has it.
struct Need {
  bool there;
  const char* name;
};

std::string absent(const std::vector<std::string>& missing, std::initializer_list<Need> needs) {
  for (const Need& need : needs) {
    if (need.there) continue;
    for (const std::string& why : missing) {
      if (why.starts_with(need.name)) return why;
    }
    return fmt::format("{}: where this binary keeps it is not known", need.name);
  }
  return {};
}

bool known(std::initializer_list<std::uint32_t> offsets) {
  return std::ranges::find(offsets, kNoOffset) == offsets.end();
}

}  // namespace

MetricsSource metrics_source(const Memory& memory, const MetricsLayout& layout,
                             const RuntimeOffsets& goroutines, int minor, std::uint64_t load_bias) {
  MetricsSource out{memory, layout.offsets, layout.globals, goroutines, minor};
  MetricsGlobals& at = out.at;
  for (std::uint64_t* address :
       {&at.memstats, &at.gcController, &at.mheap, &at.work, &at.sched, &at.allp, &at.allgs, &at.allm,
        &at.ncgocall, &at.gcCPULimiter, &at.startingStackSize, &at.gcCleanups, &at.finqueued, &at.finexecuted,
        &at.extraMInUse, &at.extraMLength}) {
    if (*address != 0) *address += load_bias;
  }
  return out;
}

MetricsReader::MetricsReader(const Memory& memory, const MetricsLayout& layout,
                             const RuntimeOffsets& goroutines, int minor, std::uint64_t load_bias)
    : source_(metrics_source(memory, layout, goroutines, minor, load_bias)), missing_(layout.missing) {}

RuntimeWords MetricsReader::read() const {
  const MetricsSource& s = source_;
  const MetricsOffsets& o = s.offsets;
  const RuntimeOffsets& g = s.goroutines;
  const MetricsGlobals& at = s.at;
  const Need memstats{at.memstats != 0, "runtime.memstats"}, gc{at.gcController != 0, "runtime.gcController"},
      mheap{at.mheap != 0, "runtime.mheap_"}, sched{at.sched != 0, "runtime.sched"},
      ps{at.allp != 0, "runtime.allp"}, gs{at.allgs != 0, "runtime.allgs"}, ms{at.allm != 0, "runtime.allm"};

  // Fields of p in front of statsSeq, p.gFree among them, are where we think when it is.
  const Need seq{o.p_statsSeq != kNoOffset, "p_statsSeq"};

  RuntimeWords out;
  out.time_ns = monotonic_ns();
  const auto read_set = [&](auto& reading, auto pass, std::initializer_list<Need> needs) {
    reading.missing = absent(missing_, needs);
    if (reading.missing.empty()) settle(s, pass, reading);
  };
  read_set(out.heap, read_heap,
           {memstats,
            ps,
            seq,
            {known({o.memstats_stats, o.memstats_gen, o.memstats_noPLock, o.delta_committed, o.delta_released,
                    o.delta_inHeap, o.delta_inStacks, o.delta_inWorkBufs, o.delta_tinyAllocCount,
                    o.delta_largeAlloc, o.delta_largeAllocCount, o.delta_smallAllocCount, o.delta_largeFree,
                    o.delta_largeFreeCount, o.delta_smallFreeCount}),
             "runtime.heapStatsDelta"}});
  read_set(
      out.sys, read_sys,
      {memstats,
       mheap,
       {known({o.memstats_stacks_sys, o.memstats_mspan_sys, o.memstats_mcache_sys, o.memstats_buckhash_sys,
               o.memstats_gcMiscSys, o.memstats_other_sys, o.memstats_numgc, o.memstats_numforcedgc}),
        "runtime.mstats"},
       {known({o.mheap_spanalloc_inuse, o.mheap_cachealloc_inuse}), "runtime.mheap"}});
  read_set(out.gc, read_gc,
           {gc,
            {o.gc_heapMarked != kNoOffset, "runtime.gcControllerState.heapMarked"},
            {s.minor < 19
                 ? o.gc_heapGoal != kNoOffset
                 : known({o.gc_memoryLimit, o.gc_gcPercentHeapGoal, o.gc_sweepDistMinTrigger, o.gc_triggered,
                          o.gc_heapFree, o.gc_totalAlloc, o.gc_totalFree, o.gc_mappedReady}),
             "runtime.gcControllerState"}});
  if (s.minor >= 20)
    read_set(out.cpu, read_cpu,
             {{at.work != 0, "runtime.work"}, {o.work_cpuStats != kNoOffset, "runtime.workType.cpuStats"}});
  const bool free_lists = g.p_gFree_size != kAbsent
                              ? g.sched_gFree_stack_size != kAbsent && g.sched_gFree_noStack_size != kAbsent
                              : g.p_gFree_n != kAbsent && g.sched_gFree_n != kAbsent;
  const bool states =
      s.minor < 26 || (at.extraMInUse != 0 && at.extraMLength != 0 &&
                       known({o.sched_goroutinesCreated, o.sched_runq_size, o.sched_nGsyscallNoP,
                              o.sched_mnext, o.sched_nmfreed, o.p_status, o.p_m, o.p_runqhead, o.p_runqtail,
                              o.p_runnext, o.p_goroutinesCreated}));
  read_set(
      out.sched, read_sched,
      {sched, gs, ps, seq, {free_lists && g.sched_ngsys != kAbsent, "gFree"}, {states, "runtime.schedt"}});
  read_set(out.threads, read_threads, {sched, ms, {known({o.m_alllink, o.m_ncgocall}), "runtime.m."}});
  if (s.minor >= 26)
    read_set(out.finalizers, read_finalizers,
             {{at.finqueued != 0, "runtime.finqueued"},
              {at.finexecuted != 0, "runtime.finexecuted"},
              {at.gcCleanups != 0, "runtime.gcCleanups"},
              ps,
              {known({o.cleanups_queued, o.cleanups_executed, o.p_cleanupsQueued}), "runtime.cleanupQueue"}});
  read_set(out.histograms, read_histograms,
           {sched,
            memstats,
            {known({o.sched_timeToRun, s.minor < 22 ? o.memstats_gcPauseDist : o.sched_stwTotalTimeGC}),
             "runtime.timeHistogram"}});
  if (s.minor >= 19) {
    read_set(out.limiter, read_limiter,
             {{at.gcCPULimiter != 0, "runtime.gcCPULimiter"},
              memstats,
              {o.limiter_lastEnabledCycle != kNoOffset, "limiter_lastEnabledCycle"}});
    read_set(out.starting_stack, read_starting_stack,
             {{at.startingStackSize != 0, "runtime.startingStackSize"}});
  }
  out.took_ns = monotonic_ns() - out.time_ns;
  return out;
}

}  // namespace gorotrace
