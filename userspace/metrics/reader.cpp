#include "metrics/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
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

// The passes of one set.
template <typename Words>
class Settling {
 public:
  using Read = Pass (*)(const MetricsSource&, Words&);
  Settling(Read read, Reading<Words>& out) : read_(read), out_(out) {}

  // One more. True: that was the last. moving: the next one is better later.
  bool pass(const MetricsSource& source, bool& moving) {
    Words words;
    last_ = read_(source, words);
    ++passes_;
    if (last_ == Pass::kUnreadable) ++unreadable_;
    moving |= last_ == Pass::kMoving;
    if (last_ == Pass::kGood || last_ == Pass::kContradicts) take(std::move(words));
    const bool over = passes_ == kPasses || unreadable_ == kFailures || out_.exact;
    if (over) conclude();
    return over;
  }

 private:
  void take(Words words) {
    out_.before = std::exchange(out_.now, std::move(words));
    const bool same = good_ > 0 && out_.before == out_.now;
    out_.exact = same && last_ == Pass::kGood;
    contradicts_ = same && last_ == Pass::kContradicts;
    ++good_;
  }

  void conclude() {
    if (good_ == 1) out_.before = out_.now;
    if (good_ == 0) {
      out_.missing = last_ == Pass::kMoving
                         ? fmt::format("was being changed in each of {} readings", kPasses)
                         : "cannot be read: not mapped, not what it should be, or the process is gone";
    } else if (contradicts_ && !out_.exact) {
      out_.missing = "the words contradict each other: this is a modified Go runtime or one we do not know";
    }
  }

  Read read_;
  Reading<Words>& out_;
  int passes_ = 0, good_ = 0, unreadable_ = 0;
  bool contradicts_ = false;  // two passes agreed on words that contradict each other
  Pass last_ = Pass::kGood;
};

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
    : memory_(memory),
      source_(metrics_source(memory_, layout, goroutines, minor, load_bias)),
      missing_(layout.missing) {}

RuntimeWords MetricsReader::read() {
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
  std::vector<std::function<bool(bool& moving)>> open;  // sets that are not settled
  const auto read_set = [&](auto& reading, auto pass, std::initializer_list<Need> needs) {
    reading.missing = absent(missing_, needs);
    if (!reading.missing.empty()) return;
    open.push_back([&s, set = Settling(pass, reading)](bool& moving) mutable { return set.pass(s, moving); });
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
  memory_.begin();
  for (;;) {
    bool moving = false;
    std::erase_if(open, [&](auto& pass) { return pass(moving); });
    if (open.empty()) break;
    if (moving) std::this_thread::sleep_for(kPause);
    memory_.next_round();
  }
  out.took_ns = monotonic_ns() - out.time_ns;
  return out;
}

}  // namespace gorotrace
