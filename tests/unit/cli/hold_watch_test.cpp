#include "cli/hold_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gorotrace {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(HoldWatch, TellsOfChangesAndOfHowOften) {
  HoldWatch watch;
  EXPECT_FALSE(watch.look(""));
  EXPECT_THAT(watch.notices(), IsEmpty());
  EXPECT_TRUE(watch.look("stopped by a signal"));
  EXPECT_FALSE(watch.look("stopped by a signal"));
  EXPECT_TRUE(watch.look(""));
  EXPECT_THAT(watch.notices(), ElementsAre("the process was stopped by a signal in 2 of 4 samples"));
}

TEST(HoldWatch, WhatHeldThroughout) {
  HoldWatch watch;
  EXPECT_TRUE(watch.look("frozen"));
  watch.look("frozen");
  EXPECT_THAT(watch.notices(), ElementsAre("the process was frozen whenever that was looked at (2 times)"));
}

}  // namespace
}  // namespace gorotrace
