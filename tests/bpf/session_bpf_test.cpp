// Groups that go off and on again while a Go process makes and ends goroutines: the counts close, and what
// was not watched is claimed by nobody.
#include "session/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <numeric>
#include <thread>

#include "base/clock.h"
#include "go_target.h"

namespace gorotrace {
namespace {

constexpr GroupMask kDefault =
    group_bit(GT_GROUP_LIFECYCLE) | group_bit(GT_GROUP_BLOCK) | group_bit(GT_GROUP_RUN);

class SessionTest : public ::testing::Test {
 protected:
  SessionTest() : go_("truth", testing::go_versions().back(), {"-scenario", "churn", "-for", "3s"}) {
    ready_ = go_.line();
  }

  void SetUp() override {
    SessionOptions options;
    options.groups = kDefault;
    options.budget.unlimited = true;
    options.census_cpu = 0;  // the state machine alone: its two sums are equal to the nanosecond
    auto session = Session::make(options);
    ASSERT_TRUE(session) << session.error().message;
    session_ = std::move(*session);
  }

  void trace() {
    auto target = Target::open(go_.pid());
    ASSERT_TRUE(target) << target.error().message;
    const auto added = session_->add(std::move(*target));
    ASSERT_TRUE(added) << added.error().message;
  }

  void ticks(int ms) {
    const std::uint64_t end = monotonic_ns() + static_cast<std::uint64_t>(ms) * 1'000'000;
    while (monotonic_ns() < end) {
      session_->tick();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

  std::uint64_t live_of_the_program() {
    return nlohmann::json::parse(go_.ask("count")).at("goroutines").get<std::uint64_t>();
  }

  static void check_goroutine_seconds(const Tables& t) {
    EXPECT_EQ(std::accumulate(t.state_ns.begin(), t.state_ns.end(), std::uint64_t{0}), t.live_integral_ns);
  }

  testing::GoTarget go_;
  std::string ready_;
  std::unique_ptr<Session> session_;
};

class Toggled : public SessionTest, public ::testing::WithParamInterface<GroupMask> {};

TEST_P(Toggled, LiveIsRightAfterAGroupWasOffAndOnInTheMiddleOfChurn) {
  std::string done;
  std::thread program([&] { done = go_.ask("go"); });
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  trace();
  ticks(500);
  const std::uint64_t off_ns = monotonic_ns();
  ASSERT_TRUE(session_->set_groups(0, kDefault & ~GetParam(), "test"));
  ticks(300);
  ASSERT_TRUE(session_->set_groups(0, kDefault, "test"));
  const std::uint64_t on_ns = monotonic_ns();
  ticks(500);
  program.join();
  ticks(300);  // at rest
  session_->finish();

  const auto tables = session_->tables(0);
  ASSERT_TRUE(tables) << tables.error().message;
  const Tables& t = *tables;
  EXPECT_EQ(t.live, live_of_the_program()) << done;
  EXPECT_EQ(t.illegal, 0u);
  EXPECT_EQ(t.gaps, 0u);
  check_goroutine_seconds(t);
  const EventFacts events = session_->events();
  EXPECT_EQ(events.produced, events.received + events.dropped_total());
  for (int g = GT_GROUP_LIFECYCLE; g <= GT_GROUP_RUN; ++g) {
    const std::vector<Interval>& covered = t.covered[static_cast<std::size_t>(g)];
    const bool toggled = (GetParam() & group_bit(static_cast<gt_group>(g))) != 0;
    ASSERT_EQ(covered.size(), toggled ? 2u : 1u) << g;
    if (!toggled) continue;
    EXPECT_GE(covered[0].to_ns, off_ns);
    EXPECT_LT(covered[0].to_ns, on_ns);
    EXPECT_GT(covered[1].from_ns, on_ns - 1'000'000);
  }
  const nlohmann::json report = nlohmann::json::parse(done);
  std::uint64_t created = 0;
  for (const CreationRow& row : t.creation) created += row.system ? 0 : row.created;
  EXPECT_GT(created, 1000u);
  const auto all = report.at("created").at("main.churn").get<std::uint64_t>();
  EXPECT_LT(created, all);
  const auto took = report.at("end_ns").get<std::uint64_t>() - report.at("begin_ns").get<std::uint64_t>();
  std::printf("%.0f creations/s, 50,000 asked for\n",
              static_cast<double>(all) * 1e9 / static_cast<double>(took));
}

INSTANTIATE_TEST_SUITE_P(Groups, Toggled,
                         ::testing::Values(group_bit(GT_GROUP_LIFECYCLE), group_bit(GT_GROUP_BLOCK),
                                           group_bit(GT_GROUP_RUN), kDefault),
                         [](const auto& tested) { return "Mask" + std::to_string(tested.param); });

}  // namespace
}  // namespace gorotrace
