// Who runs and who waits for a CPU, from memory that a test wrote.
#include "metrics/run_states.h"

#include <gmock/gmock.h>

#include <functional>
#include <vector>

#include "forged_scheduler.h"

namespace gorotrace {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Runtime : public ::testing::Test, public testing::ForgedScheduler {
 protected:
  Runtime() : ForgedScheduler(3) {}
};

TEST_F(Runtime, AtRestNobodyRunsOrWaits) {
  ASSERT_TRUE(RunStateReader::possible(where));
  RunStateReader reader(memory, where);
  const auto states = reader.read();
  ASSERT_TRUE(states.has_value()) << states.error().message;
  EXPECT_THAT(states->running, IsEmpty());
  EXPECT_EQ(states->runnable, 0u);
  EXPECT_EQ(reader.ps(), 3u);
}

TEST_F(Runtime, AGoroutineRunsThatItsPsThreadHasAndThatIsInNoSystemCall) {
  runs(0, 2, 0x1000);           // running
  runs(1, 2 | 0x1000, 0x2000);  // running, its stack is scanned
  runs(2, 3, 0x3000);           // in a system call, with its P (1.26)
  RunStateReader reader(memory, where);
  EXPECT_THAT(reader.read()->running, ElementsAre(0x1000u, 0x2000u));

  put32(kPs + 4, 2);                          // _Psyscall: its P is up for grabs
  memory.words(kGs + kApart, {kMs + 0x500});  // another M has it by now
  EXPECT_THAT(reader.read()->running, IsEmpty());

  runs(0, 2, 0x1000);
  memory.words(kMs + 8, {0});  // its M is in the scheduler
  EXPECT_THAT(reader.read()->running, IsEmpty());
}

TEST_F(Runtime, WhoWaitsIsInTheGlobalQueueOrThatOfAPOrNext) {
  global_queue(5);
  queue(0, 10, 13, 0);
  queue(1, 0xffffffff, 1, kGs);  // the numbers wrap
  queue(2, 7, 7, kGs);
  RunStateReader reader(memory, where);
  EXPECT_EQ(reader.read()->runnable, 5u + 3 + 2 + 1 + 1);
  // Since 1.26 the queue has its size in itself.
  where.offsets.sched_runq_size = 24;
  where.offsets.sched_runqsize = kNoOffset;
  put32(kSched + 24, 1);
  EXPECT_EQ(RunStateReader(memory, where).read()->runnable, 8u);
}

TEST_F(Runtime, WhatIsTornOrALieIsBounded) {
  global_queue(0x80000001);  // negative
  queue(0, 13, 10, 0);       // the head was read behind the tail
  queue(1, 0, 0x70000000, 0);
  RunStateReader reader(memory, where);
  EXPECT_EQ(reader.read()->runnable, 2u * 256);
}

TEST_F(Runtime, GomaxprocsMayChange) {
  RunStateReader reader(memory, where);
  ASSERT_TRUE(reader.refresh().has_value());
  ps(5);
  runs(4, 2, 0x1000);
  EXPECT_THAT(reader.read()->running, ElementsAre(0x1000u));
  ps(1);
  EXPECT_THAT(reader.read()->running, IsEmpty());
  EXPECT_EQ(reader.ps(), 1u);
}

TEST_F(Runtime, AProcessThatIsGoneIsAnError) {
  RunStateReader reader(memory, where);
  ASSERT_TRUE(reader.read().has_value());
  memory.gone = true;
  EXPECT_FALSE(reader.read().has_value());
  memory.gone = false;
  memory.words(kAllp, {kAllp + 64, 1u << 20, 1u << 20});
  EXPECT_FALSE(reader.read().has_value()) << "more Ps than there can be";
}

TEST_F(Runtime, WithoutAnyOfItsPlacesItIsNotPossible) {
  for (std::uint32_t* offset :
       {&where.offsets.p_status, &where.offsets.p_m, &where.offsets.p_runqhead, &where.offsets.p_runqtail,
        &where.offsets.p_runnext, &where.offsets.p_statsSeq, &where.offsets.sched_runqsize}) {
    const std::uint32_t was = std::exchange(*offset, kNoOffset);
    EXPECT_FALSE(RunStateReader::possible(where));
    *offset = was;
  }
  EXPECT_TRUE(RunStateReader::possible(where));
  where.at.sched = 0;
  EXPECT_FALSE(RunStateReader::possible(where));
}

TEST(TimeToRun, IsReadAloneAndOnlyWhereItIs) {
  constexpr std::uint64_t kOwnSched = 0x40000;
  testing::FakeMemory memory;
  MetricsSource where{memory, {}, {}, {}, 22};
  std::vector<std::uint64_t> words;
  EXPECT_EQ(read_time_to_run(where, words), Pass::kUnreadable);
  where.at.sched = kOwnSched;
  EXPECT_EQ(read_time_to_run(where, words), Pass::kUnreadable);
  where.offsets.sched_timeToRun = 8;
  EXPECT_EQ(read_time_to_run(where, words), Pass::kUnreadable) << "not mapped";
  memory.map(kOwnSched, 8192);
  memory.words(kOwnSched + 16, {7});
  EXPECT_EQ(read_time_to_run(where, words), Pass::kGood);
  EXPECT_EQ(words.size(), time_histogram_shape(22).words());
  EXPECT_EQ(words[1], 7u);
}

}  // namespace
}  // namespace gorotrace
