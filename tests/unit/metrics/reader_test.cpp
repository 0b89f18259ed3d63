// Reading from memory that a test wrote: at rest, moving, in the middle of a merge, contradicting itself,
// hostile.
#include "metrics/reader.h"

#include <gmock/gmock.h>

#include <functional>

#include "fake_memory.h"
#include "metrics/metrics.h"

namespace gorotrace {
namespace {

using testing::FakeMemory;
using ::testing::HasSubstr;

// A runtime with the fields side by side: where they are is the layout's business, not ours.
constexpr std::uint64_t kMemstats = 0x10000, kGc = 0x20000, kMheap = 0x30000, kSched = 0x40000,
                        kAllp = 0x50000, kAllgs = 0x51000, kAllm = 0x52000, kNcgocall = 0x52010,
                        kPs = 0x60000, kM = 0x70000, kWork = 0x80000, kOnes = 0x90000;
constexpr std::uint32_t kDelta = 2048;

class Moving : public FakeMemory {
 public:
  bool read_many(std::span<const Range> ranges, std::vector<bool>& failed) const override {
    if (before_each) before_each();
    return FakeMemory::read_many(ranges, failed);
  }
  std::function<void()> before_each;
};

class Reader : public ::testing::Test {
 protected:
  Reader() {
    MetricsOffsets& o = layout.offsets;
    o.memstats_stats = 0;
    o.memstats_gen = 3 * kDelta;
    o.memstats_noPLock = 3 * kDelta + 8;
    std::uint32_t at = 3 * kDelta + 16;
    for (std::uint32_t* field :
         {&o.memstats_stacks_sys, &o.memstats_mspan_sys, &o.memstats_mcache_sys, &o.memstats_buckhash_sys,
          &o.memstats_gcMiscSys, &o.memstats_other_sys, &o.memstats_numgc, &o.memstats_numforcedgc})
      *field = at += 8;
    at = 0;
    for (std::uint32_t* field :
         {&o.delta_committed, &o.delta_released, &o.delta_inHeap, &o.delta_inStacks, &o.delta_inWorkBufs,
          &o.delta_tinyAllocCount, &o.delta_largeAlloc, &o.delta_largeAllocCount}) {
      *field = at;
      at += 8;
    }
    o.delta_smallAllocCount = at;
    o.delta_largeFree = at + 8 * kSizeClasses;
    o.delta_largeFreeCount = o.delta_largeFree + 8;
    o.delta_smallFreeCount = o.delta_largeFree + 16;
    at = 0;
    for (std::uint32_t* field : {&o.gc_gcPercent, &o.gc_memoryLimit, &o.gc_gcPercentHeapGoal,
                                 &o.gc_sweepDistMinTrigger, &o.gc_triggered, &o.gc_heapMarked, &o.gc_heapScan,
                                 &o.gc_lastStackScan, &o.gc_globalsScan, &o.gc_heapInUse, &o.gc_heapReleased,
                                 &o.gc_heapFree, &o.gc_totalAlloc, &o.gc_totalFree, &o.gc_mappedReady}) {
      *field = at;
      at += 8;
    }
    o.mheap_spanalloc_inuse = 0;
    o.mheap_cachealloc_inuse = 8;
    o.work_cpuStats = 0;
    o.limiter_lastEnabledCycle = 0;
    o.sched_totalMutexWaitTime = 64;
    o.sched_totalRuntimeLockWaitTime = 72;
    o.sched_timeToRun = 128;
    at = o.sched_timeToRun;
    for (std::uint32_t* field : {&o.sched_stwTotalTimeGC, &o.sched_stwTotalTimeOther,
                                 &o.sched_stwStoppingTimeGC, &o.sched_stwStoppingTimeOther})
      *field = at += 2048;
    o.p_status = 4;
    o.p_statsSeq = 8;
    goroutines.p_gFree_n = 12;
    goroutines.sched_gFree_n = 0;
    goroutines.sched_ngsys = 4;
    o.m_alllink = 0;
    o.m_ncgocall = 8;
    o.m_lockWaitTime = 16;
    layout.globals = {.memstats = kMemstats,
                      .gcController = kGc,
                      .mheap = kMheap,
                      .work = kWork,
                      .sched = kSched,
                      .allp = kAllp,
                      .allgs = kAllgs,
                      .allm = kAllm,
                      .ncgocall = kNcgocall,
                      .gcCPULimiter = kOnes,
                      .startingStackSize = kOnes + 8};

    memory.map(kMemstats, 3 * kDelta + 256);
    memory.map(kGc, 256);
    memory.map(kMheap, 64);
    memory.map(kSched, 16384);
    memory.map(kWork, 256);
    memory.map(kOnes, 64);
    memory.map(kPs, 512);
    memory.words(kAllp, {kAllp + 64, 2, 2});
    memory.words(kAllp + 64, {kPs, kPs + 256});
    memory.words(kAllgs, {0x1234, 12, 16});
    memory.words(kAllm, {kM});
    memory.words(kNcgocall, {100});
    memory.words(kM, {kM + 64, 7, 40});
    memory.words(kM + 64, {0, 3, 2});
    put(kSched + o.sched_totalMutexWaitTime, 1000);
    // Two generations with something in them: 1 large object of 40000 bytes, two small of 16, one freed.
    delta(0, o.delta_inHeap, 8192), delta(1, o.delta_inHeap, 40960), delta(0, o.delta_committed, 65536);
    delta(0, o.delta_largeAlloc, 40000), delta(0, o.delta_largeAllocCount, 1);
    delta(0, o.delta_smallAllocCount + 16, 2), delta(1, o.delta_smallFreeCount + 16, 1);
    put32(kMemstats + o.memstats_gen, 1);
    put(kGc + o.gc_heapInUse, 49152), put(kGc + o.gc_heapFree, 65536 - 49152);
    put(kGc + o.gc_totalAlloc, 40032), put(kGc + o.gc_totalFree, 16), put(kGc + o.gc_mappedReady, 1 << 20);
    put(kGc + o.gc_memoryLimit, std::uint64_t{1} << 62), put(kGc + o.gc_triggered, ~std::uint64_t{0});
    put(kGc + o.gc_gcPercentHeapGoal, 4 << 20);
  }

  void put(std::uint64_t address, std::uint64_t value) { memory.put(address, &value, sizeof value); }
  void put32(std::uint64_t address, std::uint32_t value) { memory.put(address, &value, sizeof value); }
  void delta(int generation, std::uint32_t field, std::uint64_t value) {
    put(kMemstats + static_cast<std::uint64_t>(generation) * kDelta + field, value);
  }

  RuntimeWords read(int minor = 22) { return MetricsReader(memory, layout, goroutines, minor, 0).read(); }
  Metric metric(const std::string& name, int minor = 22) {
    for (Metric& m : metrics_of(read(minor), minor)) {
      if (m.name == name) return m;
    }
    ADD_FAILURE() << name;
    return {};
  }

  MetricsLayout layout;
  RuntimeOffsets goroutines;
  Moving memory;
};

TEST_F(Reader, AtRestEverythingIsExact) {
  for (const Metric& m : metrics_of(read(), 22)) {
    if (m.name.starts_with("/godebug/")) continue;
    EXPECT_TRUE(m.value) << m.name << ": " << m.missing;
    EXPECT_EQ(m.quality, MetricQuality::kExact) << m.name;
  }
  EXPECT_EQ(metric("/gc/heap/allocs:bytes").value, MetricValue{std::uint64_t{40032}});
  EXPECT_EQ(metric("/gc/heap/objects:objects").value, MetricValue{std::uint64_t{2}});
  EXPECT_EQ(metric("/memory/classes/heap/unused:bytes").value, MetricValue{std::uint64_t{49152 - 40016}});
  EXPECT_EQ(metric("/sched/gomaxprocs:threads").value, MetricValue{std::uint64_t{2}});
  EXPECT_EQ(metric("/cgo/go-to-c-calls:calls").value, MetricValue{std::uint64_t{110}});
  EXPECT_EQ(metric("/sync/mutex/wait/total:seconds").value, MetricValue{1042 / 1e9});
  EXPECT_EQ(metric("/gc/heap/goal:bytes").value, MetricValue{std::uint64_t{4 << 20}});
}

TEST_F(Reader, GoroutinesAreThoseOnNoFreeListAndNotOfTheSystem) {
  put32(kSched + goroutines.sched_gFree_n, 2);
  put32(kSched + goroutines.sched_ngsys, 3);
  put32(kPs + goroutines.p_gFree_n, 1);
  EXPECT_EQ(metric("/sched/goroutines:goroutines").value, MetricValue{std::uint64_t{12 - 2 - 3 - 1}});
  put32(kPs + goroutines.p_gFree_n,
        500);  // seen in the middle of a move: the runtime never says less than one
  EXPECT_EQ(metric("/sched/goroutines:goroutines").value, MetricValue{std::uint64_t{1}});
}

TEST_F(Reader, ACounterThatMovesIsBoundedByTheLastTwoLooks) {
  std::uint64_t n = 0;
  memory.before_each = [&] {
    put32(kMemstats + layout.offsets.memstats_numgc, static_cast<std::uint32_t>(++n));
  };
  const Metric total = metric("/gc/cycles/total:gc-cycles");
  EXPECT_EQ(total.quality, MetricQuality::kBound);
  ASSERT_TRUE(total.low && total.value);
  EXPECT_EQ(std::get<std::uint64_t>(*total.low) + 1, std::get<std::uint64_t>(*total.value));
  const Metric difference = metric("/gc/cycles/automatic:gc-cycles");
  EXPECT_EQ(difference.quality, MetricQuality::kEstimated);
  EXPECT_FALSE(difference.low);
  EXPECT_EQ(metric("/gc/heap/allocs:bytes").quality, MetricQuality::kExact);  // another set
}

TEST_F(Reader, TheMiddleOfAMergeIsNotUsed) {
  // A reader in the process moved gen on and has not cleared the oldest generation yet: the sum counts it
  // twice.
  delta(2, layout.offsets.delta_inHeap, 8192);
  EXPECT_THAT(read().heap.missing, HasSubstr("was being changed"));
  int looks = 0;
  memory.before_each = [&] {
    if (++looks == 3) delta(2, layout.offsets.delta_inHeap, 0);
  };
  const RuntimeWords later = read();
  EXPECT_EQ(later.heap.missing, "");
  EXPECT_TRUE(later.heap.exact);
}

TEST_F(Reader, AWriterAtWorkIsNotUsed) {
  put32(kPs + 256 + layout.offsets.p_statsSeq, 7);
  EXPECT_THAT(read().heap.missing, HasSubstr("was being changed"));
  put32(kPs + 256 + layout.offsets.p_statsSeq, 8);
  put(kMemstats + layout.offsets.memstats_noPLock, 1);
  EXPECT_THAT(read().heap.missing, HasSubstr("was being changed"));
}

// The second book the runtime keeps of the heap differs: the offsets are of another runtime.
TEST_F(Reader, WordsThatContradictEachOtherAreRefused) {
  put(kGc + layout.offsets.gc_totalAlloc, 40048);
  EXPECT_THAT(read().heap.missing, HasSubstr("contradict"));
  EXPECT_FALSE(metric("/gc/heap/allocs:bytes").value);
  put(kWork + 8, 5);  // dedicated time without total
  EXPECT_THAT(read().cpu.missing, HasSubstr("contradict"));
  put(kWork + 4 * 8, 5);
  EXPECT_EQ(read().cpu.missing, "");
  put32(kOnes, 2);  // a cycle that is not to come before the next one
  EXPECT_THAT(read().limiter.missing, HasSubstr("contradict"));
}

TEST_F(Reader, WhatTheLayoutLacksIsNamed) {
  layout.globals.memstats = 0;
  layout.missing = {"runtime.memstats: 3 functions leave 2 addresses for it"};
  EXPECT_EQ(metric("/gc/cycles/total:gc-cycles").missing, layout.missing[0]);
  EXPECT_EQ(metric("/memory/classes/total:bytes").missing, layout.missing[0]);
  EXPECT_TRUE(metric("/gc/heap/goal:bytes").value);
  layout.offsets.p_statsSeq = kNoOffset;
  EXPECT_FALSE(metric("/gc/heap/allocs:bytes").value);
  layout.offsets.m_lockWaitTime = kNoOffset;
  EXPECT_FALSE(metric("/sync/mutex/wait/total:seconds").value);
  EXPECT_TRUE(metric("/cgo/go-to-c-calls:calls").value);
}

TEST_F(Reader, HostileMemoryEnds) {
  memory.words(kM + 64, {kM, 3, 2});  // allm is a circle
  EXPECT_THAT(read().threads.missing, HasSubstr("cannot be read"));
  memory.words(kAllp, {kAllp + 64, ~std::uint64_t{0}, ~std::uint64_t{0}});
  RuntimeWords words = read();
  EXPECT_THAT(words.heap.missing, HasSubstr("cannot be read"));
  EXPECT_THAT(words.sched.missing, HasSubstr("cannot be read"));
  memory.words(kAllp, {kAllp + 64, 2, 2});
  memory.words(kAllp + 64, {kPs, 0xdead0000});  // no such P
  EXPECT_THAT(read().sched.missing, HasSubstr("cannot be read"));
  put32(kMemstats + layout.offsets.memstats_gen, 3);
  EXPECT_THAT(read().heap.missing, HasSubstr("cannot be read"));
  memory.gone = true;
  for (const Metric& m : metrics_of(read(), 22)) EXPECT_FALSE(m.value) << m.name;
}

TEST_F(Reader, ASizeOfTheStatisticsThatCannotBeIsRefused) {
  layout.offsets.memstats_gen = 3 * 16;
  EXPECT_THAT(read().heap.missing, HasSubstr("cannot be read"));
  layout.offsets.memstats_gen = 1 << 30;
  EXPECT_THAT(read().heap.missing, HasSubstr("cannot be read"));
}

// While the world is stopped, GOMAXPROCS may be moving what a P counted.
TEST_F(Reader, AStoppedWorldIsWaitedFor) {
  put32(kPs + layout.offsets.p_status, 3);
  EXPECT_THAT(read().sched.missing, HasSubstr("was being changed"));
}

TEST(Names, OfEachVersion) {
  const auto count = [](int minor) { return metrics_of({}, minor).size(); };
  // As many as runtime/metrics/description.go has, and since 1.21 one entry for /godebug/.
  EXPECT_EQ(count(18), 29u);
  EXPECT_EQ(count(19), 33u);
  EXPECT_EQ(count(20), 45u);
  EXPECT_EQ(count(21), 52u + 1);
  EXPECT_EQ(count(22), 56u + 1);
  EXPECT_EQ(count(25), 56u + 1);
  EXPECT_EQ(count(26), 66u + 1);
}

}  // namespace
}  // namespace gorotrace
