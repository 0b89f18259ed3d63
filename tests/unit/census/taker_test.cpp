// The thread that looks: memory that lies or goes away ends in an error or in figures that leave it out.
#include "census/census_taker.h"

#include <gtest/gtest.h>

#include <chrono>

#include "../snapshot/fake_memory.h"

namespace gorotrace {
namespace {

using testing::FakeMemory;

constexpr std::uint64_t kAllgs = 0x1000, kArray = 0x10000, kG = 0x20000, kStack = 0x100000;

struct Forged {
  FakeMemory memory;
  CensusSubject subject;
  std::vector<std::uint64_t> array;

  Forged() {
    RuntimeOffsets& o = subject.goroutines.offsets;
    o.g_stack_lo = 0;
    o.g_stack_hi = 8;
    o.g_m = 48;
    o.g_sched_sp = 56;
    o.g_sched_pc = 64;
    o.g_sched_bp = 96;
    o.g_atomicstatus = 144;
    o.g_goid = 152;
    o.g_waitreason = 176;
    o.g_trackingSeq = 191;
    o.g_gopc = 288;
    o.g_startpc = 304;
    subject.goroutines.allgs_address = kAllgs;
    subject.goroutines.text = 0x400000;
    subject.goroutines.etext = 0x500000;
    subject.goroutines.max_goroutines = 1000;
    subject.goroutines.max_between_looks_ns = 1'000'000'000;  // this memory is slow, and nobody runs in it
    subject.census.wait_reasons.assign(16, "chan receive");
    subject.census.is_system = [](std::uint64_t) { return false; };
  }
  // A waiting goroutine with two frames.
  std::uint64_t add(std::uint64_t goid) {
    const std::uint64_t g = kG + goid * 512, lo = kStack + goid * 4096, sp = lo + 4096 - 128;
    memory.map(g, 512);
    memory.map(sp, 128);
    memory.words(g, {lo, lo + 4096});
    memory.words(g + 56, {sp, 0x400100});
    memory.words(g + 96, {sp + 16});
    memory.words(g + 144, {4, goid});
    memory.words(g + 176, {14});
    memory.words(g + 288, {0x400300});
    memory.words(g + 304, {0x400400});
    memory.words(sp + 16, {0, 0x400200});
    array.push_back(g);
    publish(array.size());
    return g;
  }
  void publish(std::uint64_t length) {
    memory.put(kArray, array.data(), array.size() * 8);
    memory.words(kAllgs, {kArray, length, length});
  }
};

TEST(CensusTaker, LooksUntilItIsStoppedAndKnowsTheStacks) {
  Forged f;
  for (std::uint64_t goid = 1; goid <= 5; ++goid) f.add(goid);
  CensusTaker taker(f.memory, f.subject, 1);
  const auto from = taker.start(1);
  ASSERT_TRUE(from.has_value()) << from.error().message;
  std::this_thread::sleep_for(std::chrono::milliseconds(80));
  EXPECT_EQ(taker.in_state()[static_cast<std::size_t>(GState::kWaiting)], 5u);
  const std::uint64_t to = taker.stop();
  EXPECT_FALSE(taker.running());
  const CensusTables t = taker.tables();
  ASSERT_EQ(t.waits.size(), 1u);
  EXPECT_TRUE(t.waits[0].time.exact());
  EXPECT_EQ(t.waits[0].time.ns, 5 * (to - *from));
  EXPECT_GE(t.looks, 3u);
  EXPECT_EQ(t.looks, t.looks_at_all);
  const StackSet stacks = taker.take_stacks();
  ASSERT_EQ(stacks.size(), 1u);
  EXPECT_EQ(stacks[0].id, t.waits[0].key.stack);
  EXPECT_EQ(stacks[0].pcs.size(), 2u);
  EXPECT_EQ(taker.take_stacks().size(), 0u);
  EXPECT_GT(taker.cost().cpu_ns, 0u);
}

TEST(CensusTaker, GoesOnAfterAPause) {
  Forged f;
  f.add(1);
  CensusTaker taker(f.memory, f.subject, 1);
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(taker.start(1).has_value());
    taker.stop();
  }
  EXPECT_EQ(taker.tables().covered.size(), 2u);
}

TEST(CensusTaker, NonsenseInAllgsIsNobody) {
  Forged f;
  f.add(1);
  for (const std::uint64_t bad : {0x0ull, 0x7ull, 0xffffffffffffff00ull, 0x800000ull}) f.array.push_back(bad);
  f.publish(f.array.size());
  CensusTaker taker(f.memory, f.subject, 1);
  ASSERT_TRUE(taker.start(1).has_value());
  EXPECT_EQ(taker.in_state()[static_cast<std::size_t>(GState::kWaiting)], 1u);
  taker.stop();
  EXPECT_EQ(taker.tables().sites.size(), 1u);
}

TEST(CensusTaker, AHugeOrBrokenAllgsIsRefused) {
  Forged f;
  f.add(1);
  f.memory.words(kAllgs, {kArray, 1u << 20, 1u << 20});
  CensusTaker huge(f.memory, f.subject, 1);
  EXPECT_FALSE(huge.start(1).has_value());
  EXPECT_FALSE(huge.running());
  f.memory.words(kAllgs, {kArray, 9, 3});
  CensusTaker broken(f.memory, f.subject, 1);
  EXPECT_FALSE(broken.start(1).has_value());
}

TEST(CensusTaker, AProcessThatIsGoneEndsItWithWhatWasSeen) {
  Forged f;
  f.add(1);
  CensusTaker taker(f.memory, f.subject, 1);
  ASSERT_TRUE(taker.start(1).has_value());
  std::this_thread::sleep_for(std::chrono::milliseconds(40));
  f.memory.gone = true;
  std::this_thread::sleep_for(std::chrono::milliseconds(40));
  taker.stop();
  EXPECT_EQ(taker.tables().waits.size(), 1u);
  CensusTaker late(f.memory, f.subject, 1);
  EXPECT_FALSE(late.start(1).has_value());
}

TEST(AllgsCache, ReadsGrowthOnly) {
  Forged f;
  const std::uint64_t first = f.add(1);
  AllgsCache cache(f.memory, kAllgs, 1000);
  ASSERT_TRUE(cache.refresh().has_value());
  ASSERT_EQ(cache.pointers().size(), 1u);
  f.add(2);
  f.memory.words(kArray, {0});  // what is known is not read again: entries never change
  ASSERT_TRUE(cache.refresh().has_value());
  ASSERT_EQ(cache.pointers().size(), 2u);
  EXPECT_EQ(cache.pointers()[0], first);
}

}  // namespace
}  // namespace gorotrace
