#include "stream/losses.h"

#include <gtest/gtest.h>

namespace gorotrace {
namespace {

TEST(Losses, GrowthOfACountIsALossBetweenTwoReadings) {
  Losses losses;
  EXPECT_TRUE(losses.take({.of = {{7, 0}}, .at_ns = 1000}, 0).empty());
  const auto lost = losses.take({.of = {{7, 5}}, .at_ns = 2000, .read_until_ns = 2100}, 0);
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_EQ(lost[0].target, 7u);
  EXPECT_EQ(lost[0].from_ns, 1000u);
  EXPECT_EQ(lost[0].to_ns, 2100u);
  EXPECT_EQ(lost[0].count, 5u);
  EXPECT_TRUE(losses.take({.of = {{7, 5}}, .at_ns = 3000}, 0).empty());
}

TEST(Losses, EachTargetHasAnAccountOfItsOwn) {
  Losses losses;
  EXPECT_TRUE(losses.take({.of = {{7, 0}, {8, 0}}, .at_ns = 1000}, 0).empty());
  auto lost = losses.take({.of = {{7, 0}, {8, 2}}, .at_ns = 2000}, 0);
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_EQ(lost[0].target, 8u);
  lost = losses.take({.of = {{7, 3}}, .at_ns = 3000}, 0);
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_EQ(lost[0].target, 7u);
  EXPECT_EQ(lost[0].from_ns, 2000u);
  // 8 was gone: who has its id now begins at 0.
  lost = losses.take({.of = {{8, 1}}, .at_ns = 4000}, 0);
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_EQ(lost[0].count, 1u);
}

TEST(Losses, AHoleCountsOnlyWhereTheKernelWasNotAskedAndOnlyOnce) {
  Losses losses;
  const auto lost = losses.take_holes(2, 100, 200);
  ASSERT_TRUE(lost);
  EXPECT_FALSE(lost->target);
  EXPECT_EQ(lost->count, 2u);
  EXPECT_EQ(lost->from_ns, 100u);
  EXPECT_FALSE(losses.take_holes(2, 200, 300));
  // One of them filled after all: the next hole is a loss again.
  EXPECT_FALSE(losses.take_holes(1, 300, 400));
  EXPECT_TRUE(losses.take_holes(2, 400, 500));
  // The kernel's counts stand for what is missing.
  EXPECT_EQ(losses.take({.of = {{7, 3}}, .at_ns = 600}, 5).size(), 1u);
  EXPECT_FALSE(losses.take_holes(5, 600, 700));
}

}  // namespace
}  // namespace gorotrace
