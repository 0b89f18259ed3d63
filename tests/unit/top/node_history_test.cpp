#include "top/node_history.h"

#include <gtest/gtest.h>

namespace gorotrace {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

TopNode node(std::uint64_t seconds, std::uint64_t goroutines, std::uint64_t cost_ns) {
  TopNode out;
  out.time_ns = seconds * kSecond;
  TopProcess& process = out.processes.emplace_back();
  process.id = "1-1";
  process.goroutines = goroutines;
  process.read_ns = out.time_ns - 7;
  process.cost_cpu_ns = cost_ns;
  return out;
}

TEST(NodeHistory, GrowthIsOfTheLastMinute) {
  NodeHistory history;
  TopNode now = node(10, 100, 0);
  history.add(now);
  EXPECT_EQ(history.growth(now.processes.front()), std::nullopt);
  now = node(20, 130, 0);
  history.add(now);
  EXPECT_EQ(history.growth(now.processes.front()), 30);
  now = node(75, 90, 0);  // the first one is older than a minute
  history.add(now);
  EXPECT_EQ(history.growth(now.processes.front()), -40);
}

TEST(NodeHistory, CostIsOfThatTime) {
  NodeHistory history;
  history.add(node(10, 1, kSecond));
  const TopNode now = node(20, 1, kSecond + kSecond / 10);
  history.add(now);
  EXPECT_DOUBLE_EQ(history.cost_percent(now.processes.front(), now.time_ns).value_or(0), 1.0);
}

TEST(NodeHistory, WhoIsGoneIsForgotten) {
  NodeHistory history;
  history.add(node(10, 100, 0));
  TopNode empty;
  empty.time_ns = 11 * kSecond;
  history.add(empty);
  const TopNode now = node(20, 130, 0);
  history.add(now);
  EXPECT_EQ(history.growth(now.processes.front()), std::nullopt);
}

TEST(NodeHistory, AClockThatGoesBackBeginsAnew) {
  NodeHistory history;
  history.add(node(1000, 100, 5));
  const TopNode now = node(10, 130, 9);
  history.add(now);
  EXPECT_EQ(history.growth(now.processes.front()), std::nullopt);
  EXPECT_EQ(history.cost_percent(now.processes.front(), now.time_ns), std::nullopt);
}

}  // namespace
}  // namespace gorotrace
