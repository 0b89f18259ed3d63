// Who is sampled when.
#include "agent/sampling_turns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace gorotrace {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> ids(std::size_t n) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < n; ++i) out.push_back(std::string(1, static_cast<char>('a' + i)));
  return out;
}

TEST(SamplingTurns, AllHaveRoomAtOnceAndStay) {
  SamplingTurns turns({.in_turn = 3, .turn = 10s});
  MonotonicTime now{1000s};
  std::size_t begun = 0;
  for (int i = 0; i < 10; ++i, now += 60s) {
    const auto change = turns.plan(ids(3), now, true);
    begun += change.begin.size();
    EXPECT_THAT(change.end, IsEmpty());
  }
  EXPECT_EQ(begun, 3u);
  EXPECT_EQ(turns.sampled(), 3u);
}

TEST(SamplingTurns, EachGetsTheSame) {
  SamplingTurns turns({.in_turn = 2, .turn = 10s});
  MonotonicTime now{1000s};
  std::map<std::string, int> begun;
  for (int i = 0; i < 2000; ++i, now += 500ms) {
    for (const std::string& id : turns.plan(ids(7), now, true).begin) ++begun[id];
    EXPECT_LE(turns.sampled(), 2u);
  }
  ASSERT_EQ(begun.size(), 7u);
  const auto [least, most] =
      std::ranges::minmax_element(begun, {}, [](const auto& entry) { return entry.second; });
  EXPECT_GT(least->second, 20);
  EXPECT_LE(most->second - least->second, 1);
}

TEST(SamplingTurns, NoTurnBeginsThatIsNotPaidForAndNoneGoesOnForLonger) {
  SamplingTurns turns({.in_turn = 1, .turn = 10s});
  const MonotonicTime now{1000s};
  EXPECT_THAT(turns.plan(ids(2), now, false).begin, IsEmpty());
  EXPECT_THAT(turns.plan(ids(2), now, true).begin, ElementsAre("a"));
  EXPECT_THAT(turns.plan(ids(2), now + 9s, true).end, IsEmpty());
  const auto change = turns.plan(ids(2), now + 10s, false);
  EXPECT_THAT(change.end, ElementsAre("a"));
  EXPECT_THAT(change.begin, IsEmpty());
  EXPECT_THAT(turns.plan(ids(2), now + 20s, true).begin, ElementsAre("b"));
}

TEST(SamplingTurns, WhoIsAskedForIsSampledAtOnceAndAsLong) {
  SamplingTurns turns({.in_turn = 1, .wanted = 2, .turn = 10s, .wanted_for = 60s});
  MonotonicTime now{1000s};
  EXPECT_THAT(turns.plan(ids(5), now, true).begin, ElementsAre("a"));
  EXPECT_TRUE(turns.want("c", now));
  EXPECT_TRUE(turns.want("d", now));
  EXPECT_FALSE(turns.want("e", now)) << "two are asked for";
  EXPECT_THAT(turns.plan(ids(5), now, false).begin, ElementsAre("c", "d"));
  for (int i = 0; i < 59; ++i) {
    now += 1s;
    const auto change = turns.plan(ids(5), now, true);
    EXPECT_THAT(change.end, ::testing::Not(::testing::Contains("c")));
    EXPECT_LE(turns.sampled(), 3u);
  }
  EXPECT_TRUE(turns.sampled("c"));
  EXPECT_TRUE(turns.want("c", now)) << "asked for again";
  for (int i = 0; i < 40; ++i) (void)turns.plan(ids(5), now += 1s, true);
  EXPECT_TRUE(turns.sampled("c"));
  for (int i = 0; i < 60; ++i) (void)turns.plan(ids(5), now += 1s, true);
  EXPECT_EQ(turns.sampled(), 1u) << "c's and d's turns ended, too";
}

TEST(SamplingTurns, WhatIsGoneEnds) {
  SamplingTurns turns({.in_turn = 2});
  const MonotonicTime now{1000s};
  EXPECT_THAT(turns.plan(ids(1), now, true).begin, ElementsAre("a"));
  EXPECT_THAT(turns.plan({"b"}, now, true).end, ElementsAre("a"));
  EXPECT_FALSE(turns.sampled("a"));
}

TEST(SamplingTurns, WhoCannotBeSampledLetsTheOthersGoFirst) {
  SamplingTurns turns({.in_turn = 1});
  const MonotonicTime now{1000s};
  EXPECT_THAT(turns.plan(ids(3), now, true).begin, ElementsAre("a"));
  turns.over("a");
  EXPECT_THAT(turns.plan(ids(3), now, true).begin, ElementsAre("b"));
  turns.over("b");
  EXPECT_THAT(turns.plan(ids(3), now, true).begin, ElementsAre("c"));
}

}  // namespace
}  // namespace gorotrace
