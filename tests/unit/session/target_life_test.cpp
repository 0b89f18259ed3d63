// A target's way through a session: forward only, and its window ends once.
#include "session/target_life.h"

#include <gtest/gtest.h>

namespace gorotrace {
namespace {

TEST(TargetLife, GoesForward) {
  TargetLife life;
  EXPECT_EQ(life.state(), TargetState::kPlanned);
  EXPECT_TRUE(life.trace(100));
  EXPECT_TRUE(life.traced());
  EXPECT_FALSE(life.over());
  EXPECT_FALSE(life.how_it_ended());
  EXPECT_TRUE(life.end(WindowEnd::kExited, 200));
  EXPECT_FALSE(life.traced());
  EXPECT_TRUE(life.over());
  EXPECT_TRUE(life.let_go());
  EXPECT_EQ(life.state(), TargetState::kEnded);
  EXPECT_EQ(life.begin_ns(), 100u);
  EXPECT_EQ(life.end_ns(), 200u);
  EXPECT_EQ(life.how_it_ended(), WindowEnd::kExited);
}

TEST(TargetLife, NothingComesOutOfTurn) {
  TargetLife life;
  EXPECT_FALSE(life.end(WindowEnd::kWindow, 1));
  EXPECT_FALSE(life.let_go());
  ASSERT_TRUE(life.trace(100));
  EXPECT_FALSE(life.trace(150));
  EXPECT_FALSE(life.let_go()) << "its window is open";
  ASSERT_TRUE(life.end(WindowEnd::kRemoved, 200));
  EXPECT_FALSE(life.end(WindowEnd::kWindow, 300)) << "how it ended first stands";
  ASSERT_TRUE(life.let_go());
  EXPECT_FALSE(life.let_go());
  EXPECT_FALSE(life.trace(400));
  EXPECT_EQ(life.begin_ns(), 100u);
  EXPECT_EQ(life.end_ns(), 200u);
  EXPECT_EQ(life.how_it_ended(), WindowEnd::kRemoved);
}

}  // namespace
}  // namespace gorotrace
