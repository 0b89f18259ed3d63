// The looks of one process or of many: memory that lies or goes away ends in an error or in figures that
// leave it out.
#include "census/sample_scheduler.h"

#include <gtest/gtest.h>

#include <chrono>

#include "../snapshot/forged_runtime.h"

namespace gorotrace {
namespace {

struct Forged : testing::ForgedRuntime {
  CensusSubject subject;

  Forged() {
    config.max_goroutines = 1000;
    subject.goroutines = config;
    subject.census.wait_reasons.assign(16, "chan receive");
    subject.census.is_system = [](std::uint64_t) { return false; };
  }
  [[nodiscard]] std::shared_ptr<CensusTaker> taker() const {
    return std::make_shared<CensusTaker>(testing::borrowed(memory), subject, 1);
  }
};

TEST(CensusTaker, LooksUntilItIsStoppedAndKnowsTheStacks) {
  Forged f;
  SampleScheduler scheduler(1);
  for (std::uint64_t goid = 1; goid <= 5; ++goid) f.add(goid);
  const auto taker = f.taker();
  const auto from = scheduler.start(taker);
  ASSERT_TRUE(from.has_value()) << from.error().message;
  std::this_thread::sleep_for(std::chrono::milliseconds(80));
  EXPECT_EQ(taker->in_state()[static_cast<std::size_t>(GState::kWaiting)], 5u);
  const std::uint64_t to = scheduler.stop(taker);
  EXPECT_FALSE(taker->running());
  const CensusTables t = taker->tables();
  ASSERT_EQ(t.waits.size(), 1u);
  EXPECT_TRUE(t.waits[0].time.exact());
  EXPECT_EQ(t.waits[0].time.ns, 5 * (to - *from));
  EXPECT_GE(t.looks, 3u);
  EXPECT_EQ(t.looks, t.looks_at_all);
  const StackSet stacks = taker->take_stacks();
  ASSERT_EQ(stacks.size(), 1u);
  EXPECT_EQ(stacks[0].id, t.waits[0].key.stack);
  EXPECT_EQ(stacks[0].pcs.size(), 2u);
  EXPECT_EQ(taker->take_stacks().size(), 0u);
  EXPECT_GT(taker->cost().cpu_ns, 0u);
}

TEST(CensusTaker, GoesOnAfterAPause) {
  Forged f;
  SampleScheduler scheduler(1);
  f.add(1);
  const auto taker = f.taker();
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(scheduler.start(taker).has_value());
    scheduler.stop(taker);
  }
  EXPECT_EQ(taker->tables().covered.size(), 2u);
}

TEST(CensusTaker, NonsenseInAllgsIsNobody) {
  Forged f;
  SampleScheduler scheduler(1);
  f.add(1);
  for (const std::uint64_t bad : {0x0ull, 0x7ull, 0xffffffffffffff00ull, 0x800000ull}) f.array.push_back(bad);
  f.publish();
  const auto taker = f.taker();
  ASSERT_TRUE(scheduler.start(taker).has_value());
  EXPECT_EQ(taker->in_state()[static_cast<std::size_t>(GState::kWaiting)], 1u);
  scheduler.stop(taker);
  EXPECT_EQ(taker->tables().sites.size(), 1u);
}

TEST(CensusTaker, AHugeOrBrokenAllgsIsRefused) {
  Forged f;
  SampleScheduler scheduler(1);
  f.add(1);
  f.header(Forged::kArray, 1u << 20, 1u << 20);
  const auto huge = f.taker();
  EXPECT_FALSE(scheduler.start(huge).has_value());
  EXPECT_FALSE(huge->running());
  f.header(Forged::kArray, 9, 3);
  const auto broken = f.taker();
  EXPECT_FALSE(scheduler.start(broken).has_value());
}

TEST(CensusTaker, AProcessThatIsGoneEndsItWithWhatWasSeen) {
  Forged f;
  SampleScheduler scheduler(1);
  f.add(1);
  const auto taker = f.taker();
  ASSERT_TRUE(scheduler.start(taker).has_value());
  std::this_thread::sleep_for(std::chrono::milliseconds(40));
  f.memory.gone = true;
  std::this_thread::sleep_for(std::chrono::milliseconds(40));
  scheduler.stop(taker);
  EXPECT_EQ(taker->tables().waits.size(), 1u);
  const auto late = f.taker();
  EXPECT_FALSE(scheduler.start(late).has_value());
}

TEST(AllgsCache, ReadsGrowthOnly) {
  Forged f;
  const std::uint64_t first = f.add(1);
  AllgsCache cache(f.memory, Forged::kAllgs, {.max_length = 1000, .g_size = 400});
  ASSERT_TRUE(cache.refresh().has_value());
  ASSERT_EQ(cache.pointers().size(), 1u);
  f.add(2);
  f.memory.words(Forged::kArray, {0});  // what is known is not read again: entries never change
  ASSERT_TRUE(cache.refresh().has_value());
  ASSERT_EQ(cache.pointers().size(), 2u);
  EXPECT_EQ(cache.pointers()[0], first);
}

}  // namespace
}  // namespace gorotrace
