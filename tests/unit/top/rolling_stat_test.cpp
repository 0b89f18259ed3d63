#include "top/rolling_stat.h"

#include <gtest/gtest.h>

namespace gorotrace {
namespace {

constexpr std::uint64_t kRollingSecond = 1'000'000'000;

// So long after the window's begin one goroutine has always waited at a place, another since 10 s.
TopStat at(std::uint64_t seconds) {
  TopStat stat;
  stat.begin_ns = 5 * kRollingSecond;
  stat.window_ns = seconds * kRollingSecond;
  stat.live = 10 + seconds;
  stat.live_at_start = 10;
  stat.created = 3 * seconds;
  stat.live_integral_s = static_cast<double>(20 * seconds);
  stat.states = {{"waiting", static_cast<double>(15 * seconds), 0.5}};
  TopWait& select = stat.waits.emplace_back();
  select.reason = "select";
  select.stack = {{"main.f", "f.go", 1}};
  select.blocked = 1;
  select.in_window_ns = seconds * kRollingSecond;
  select.error_ns = 5;
  if (seconds > 10) {
    TopWait& sleep = stat.waits.emplace_back();
    sleep.reason = "sleep";
    sleep.stack = {{"main.g", "g.go", 2}};
    sleep.blocked = 1;
    sleep.in_window_ns = (seconds - 10) * kRollingSecond;
  }
  TopSite& site = stat.sites.emplace_back();
  site.function = "main.f";
  site.live = 1;
  site.created = seconds;
  return stat;
}

TEST(RollingStat, BeforeThereIsAWindowItIsTheWhole) {
  RollingStat rolling(std::chrono::seconds(10));
  EXPECT_EQ(rolling.take(at(1)).window_ns, kRollingSecond);
  EXPECT_EQ(rolling.take(at(9)).window_ns, 9 * kRollingSecond);
}

TEST(RollingStat, SubtractsWhatIsCountedAndTimed) {
  RollingStat rolling(std::chrono::seconds(10));
  for (std::uint64_t seconds = 1; seconds < 30; ++seconds) (void)rolling.take(at(seconds));
  const TopStat now = rolling.take(at(30));
  EXPECT_EQ(now.window_ns, 10 * kRollingSecond);
  EXPECT_EQ(now.live, 40u);
  EXPECT_EQ(now.live_at_start, 30u);
  EXPECT_EQ(now.created, 30u);
  EXPECT_DOUBLE_EQ(now.live_integral_s, 200);
  EXPECT_DOUBLE_EQ(now.states.front().seconds, 150);
  ASSERT_EQ(now.waits.size(), 2u);
  EXPECT_EQ(now.waits[0].in_window_ns, 10 * kRollingSecond);
  EXPECT_EQ(now.waits[0].blocked, 1u);
  EXPECT_EQ(now.waits[1].in_window_ns, 10 * kRollingSecond);
  EXPECT_EQ(now.sites.front().created, 10u);
}

TEST(RollingStat, RowsInWhichNothingHappenedGo) {
  RollingStat rolling(std::chrono::seconds(10));
  TopStat before = at(20);
  (void)rolling.take(before);
  TopStat now = at(30);
  now.waits[1] = before.waits[1];  // nobody waited there since
  now.waits[1].blocked = 0;
  EXPECT_EQ(rolling.take(now).waits.size(), 1u);
}

TEST(RollingStat, AnotherWindowBeginsAnew) {
  RollingStat rolling(std::chrono::seconds(10));
  (void)rolling.take(at(20));
  TopStat other = at(30);
  other.begin_ns += 7;
  EXPECT_EQ(rolling.take(other).window_ns, 30 * kRollingSecond);
  TopStat shorter = at(2);
  shorter.begin_ns += 7;
  EXPECT_EQ(rolling.take(shorter).window_ns, 2 * kRollingSecond);
}

TEST(RollingStat, ManyDocumentsInASecondStillGiveTheWindow) {
  RollingStat rolling(std::chrono::seconds(10));
  TopStat last;
  for (std::uint64_t tenth = 1; tenth < 400; ++tenth) {
    TopStat now = at(0);
    now.window_ns = tenth * kRollingSecond / 10;
    last = rolling.take(now);
  }
  EXPECT_GE(last.window_ns, 10 * kRollingSecond);
  EXPECT_LE(last.window_ns, 12 * kRollingSecond);
}

TEST(RollingStat, NothingUnderflows) {
  RollingStat rolling(std::chrono::seconds(1));
  (void)rolling.take(at(20));
  TopStat now = at(30);
  now.waits.front().in_window_ns = 1;
  now.waits.front().blocked = 0;
  now.created = 0;
  now.states.front().seconds = 0;
  const TopStat shown = rolling.take(now);
  ASSERT_EQ(shown.waits.size(), 1u);  // nobody waited at the other place
  EXPECT_EQ(shown.waits.front().reason, "sleep");
  EXPECT_EQ(shown.created, 0u);
  EXPECT_EQ(shown.states.front().seconds, 0);
}

}  // namespace
}  // namespace gorotrace
