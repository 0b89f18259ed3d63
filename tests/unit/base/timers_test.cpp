#include "base/timers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gorotrace {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

struct FakeClock {
  MonotonicTime now{1000s};
  [[nodiscard]] Timers::ClockFunction function() {
    return [this] { return now; };
  }
};

TEST(Timers, RunWhenTheyAreDueAndNotBefore) {
  FakeClock clock;
  Timers timers(clock.function());
  std::vector<int> ran;
  timers.at(clock.now + 2s, [&] { ran.push_back(2); });
  timers.at(clock.now + 1s, [&] { ran.push_back(1); });
  EXPECT_EQ(timers.next(), clock.now + 1s);
  timers.run_due();
  EXPECT_TRUE(ran.empty());
  clock.now += 1s;
  timers.run_due();
  EXPECT_THAT(ran, ElementsAre(1));
  EXPECT_EQ(timers.next(), clock.now + 1s);
  clock.now += 1s;
  timers.run_due();
  timers.run_due();
  EXPECT_THAT(ran, ElementsAre(1, 2));
  EXPECT_EQ(timers.next(), std::nullopt);
}

// stat once waited without end for a line that was 3 ns late.
TEST(Timers, WhatIsLateIsDueNow) {
  FakeClock clock;
  Timers timers(clock.function());
  int ran = 0;
  timers.at(clock.now - 3ns, [&] { ++ran; });
  timers.every(50ms, [&] { ++ran; });
  clock.now += 1h;
  EXPECT_LT(*timers.next(), clock.now);
  timers.run_due();
  EXPECT_EQ(ran, 2);
}

TEST(Timers, APeriodicOneKeepsItsPhaseAndLeavesOutWhatItMissed) {
  FakeClock clock;
  Timers timers(clock.function());
  const MonotonicTime begin = clock.now;
  int ran = 0;
  timers.every(1s, [&] { ++ran; });
  clock.now = begin + 1300ms;  // a little late: the next one is not
  timers.run_due();
  EXPECT_EQ(timers.next(), begin + 2s);
  clock.now = begin + 7500ms;  // stopped for long: one, and not five
  timers.run_due();
  timers.run_due();
  EXPECT_EQ(ran, 2);
  EXPECT_EQ(timers.next(), begin + 8500ms);
}

TEST(Timers, AnActionThatTakesLongerThanItsPeriodHasAPauseBehindIt) {
  FakeClock clock;
  Timers timers(clock.function());
  timers.every(50ms, [&] { clock.now += 3s; });
  clock.now += 50ms;
  timers.run_due();
  EXPECT_EQ(timers.next(), clock.now + 50ms);
}

TEST(Timers, AnActionMayAddOthers) {
  FakeClock clock;
  Timers timers(clock.function());
  int ran = 0;
  timers.at(clock.now, [&] {
    for (int i = 0; i < 100; ++i) timers.at(clock.now, [&] { ++ran; });
  });
  timers.run_due();
  EXPECT_EQ(ran, 0);
  timers.run_due();
  EXPECT_EQ(ran, 100);
}

TEST(Timers, WhoEndsTheRunIsTheLast) {
  FakeClock clock;
  Timers timers(clock.function());
  bool over = false;
  int ran = 0;
  timers.at(clock.now, [&] { over = true; });
  timers.at(clock.now, [&] { ++ran; });
  timers.run_due([&] { return !over; });
  EXPECT_EQ(ran, 0);
  EXPECT_EQ(timers.next(), clock.now);
}

}  // namespace
}  // namespace gorotrace
