// The heap goal, which the runtime computes anew at each question (runtime/mgcpacer.go heapGoalInternal,
// memoryLimitHeapGoal): one case for each branch.
#include <gtest/gtest.h>

#include <limits>

#include "metrics/words.h"

namespace gorotrace {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;

GcWords resting() {
  GcWords gc;
  gc.memoryLimit = std::numeric_limits<std::int64_t>::max();
  gc.gcPercentHeapGoal = 100 * kMiB;
  gc.triggered = ~std::uint64_t{0};
  gc.heapMarked = 50 * kMiB;
  gc.totalAlloc = 80 * kMiB;
  gc.totalFree = 20 * kMiB;
  gc.heapFree = 10 * kMiB;
  gc.mappedReady = 90 * kMiB;  // 20 MiB are neither heap nor free
  return gc;
}

TEST(HeapGoal, OfThePercentage) {
  EXPECT_EQ(resting().goal(27), 100 * kMiB);
}

TEST(HeapGoal, IsAWordOfItsOwnIn1_18) {
  GcWords gc;
  gc.heapGoal = 7;
  EXPECT_EQ(gc.goal(18), 7u);
}

TEST(HeapGoal, KeepsAwayFromTheSweeperAndTheTrigger) {
  GcWords gc = resting();
  gc.sweepDistMinTrigger = 101 * kMiB;
  EXPECT_EQ(gc.goal(27), 101 * kMiB);
  gc.triggered = 102 * kMiB;
  EXPECT_EQ(gc.goal(27), 102 * kMiB + (64 << 10));
}

TEST(HeapGoal, OfTheLimitLessItsHeadroom) {
  GcWords gc = resting();
  gc.memoryLimit = 92 * kMiB;  // 72 MiB for the heap
  EXPECT_EQ(gc.goal(20), 71 * kMiB);
  EXPECT_EQ(gc.goal(21), 72 * kMiB - 72 * kMiB / 100 * 3);
}

TEST(HeapGoal, OfALimitThatIsPassed) {
  GcWords gc = resting();
  gc.memoryLimit = 80 * kMiB;  // 10 MiB over, 20 MiB not heap: 50 left, and so much is marked
  EXPECT_EQ(gc.goal(27), gc.heapMarked);
  gc.memoryLimit = 25 * kMiB;
  EXPECT_EQ(gc.goal(27), gc.heapMarked);
}

TEST(HeapGoal, OfContradictingWordsIsNone) {
  GcWords gc = resting();
  gc.mappedReady = 1;
  EXPECT_EQ(gc.goal(27), std::nullopt);
}

}  // namespace
}  // namespace gorotrace
