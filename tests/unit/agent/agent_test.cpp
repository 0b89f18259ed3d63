// The agent against a real Go program: found when it runs and when it is executed later, gone when it ends.
#include "agent/agent.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "go_target.h"
#include "golang/metrics_layout.h"

namespace gorotrace {
namespace {

using namespace std::chrono_literals;

template <typename Condition>
bool comes(const Condition& condition) {
  const auto end = std::chrono::steady_clock::now() + 20s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(20ms);
  }
  return true;
}

std::optional<AgentTarget> target_of(const Agent& agent, pid_t pid) {
  for (AgentTarget& target : agent.targets()) {
    if (target.pid == pid) return target;
  }
  return std::nullopt;
}

double value_of(const std::vector<MetricFamily>& families, std::string_view name) {
  const auto found = std::ranges::find(families, name, &MetricFamily::name);
  return found == families.end() || found->samples.empty() ? -1 : found->samples[0].value;
}

TEST(Agent, FindsWhatRunsAndWhatIsExecutedAndForgetsWhatEnds) {
  const std::string version = gorotrace::testing::go_versions().back();
  gorotrace::testing::GoTarget first("idle", version, {"-n", "25"});
  ASSERT_EQ(first.line(), "ready");
  const auto started = Agent::start({});
  ASSERT_TRUE(started) << started.error().message;
  Agent& agent = **started;
  ASSERT_TRUE(comes([&] { return agent.ready(); }));
  const auto known = target_of(agent, first.pid());
  ASSERT_TRUE(known);
  EXPECT_EQ(known->state, WatchState::kWatched) << known->reason;
  EXPECT_EQ(known->go_version, "go" + version);
  EXPECT_EQ(known->id, std::to_string(first.pid()) + "-" + std::to_string(known->start_time_ticks));
  EXPECT_EQ(agent.target(known->id)->pid, first.pid());

  const auto metrics = agent.target_metrics(known->id);
  ASSERT_TRUE(metrics) << metrics.error().message;
  EXPECT_EQ(value_of(*metrics, "go_goroutines"), 26);
  EXPECT_EQ(value_of(*metrics, "go_sched_gomaxprocs_threads"), 1);
  EXPECT_GE(value_of(*metrics, "go_threads"), 2);
  EXPECT_GT(value_of(*metrics, "process_resident_memory_bytes"), 1e5);
  EXPECT_EQ(value_of(*metrics, "gorotrace_goroutines"), 26);
  EXPECT_GE(value_of(*metrics, "go_gc_duration_seconds"), 0);

  {
    gorotrace::testing::GoTarget second("idle", version, {"-n", "3"});
    ASSERT_EQ(second.line(), "ready");
    ASSERT_TRUE(comes([&] {
      const auto target = target_of(agent, second.pid());
      return target && target->state == WatchState::kWatched;
    }));
    const auto of_node = agent.metrics();
    const auto goroutines = std::ranges::find(of_node, "gorotrace_goroutines", &MetricFamily::name);
    ASSERT_NE(goroutines, of_node.end());
    const auto of_second = std::ranges::find_if(goroutines->samples, [&](const MetricSample& sample) {
      return sample.labels[0].second == target_of(agent, second.pid())->id;
    });
    ASSERT_NE(of_second, goroutines->samples.end());
    EXPECT_EQ(of_second->value, 4);
    const pid_t pid = second.pid();
    second.kill();
    EXPECT_TRUE(comes([&] { return !target_of(agent, pid); }));
  }
  EXPECT_EQ(agent.target_metrics("1-1").error().kind, ErrorKind::kNoProcess);
  agent.stop();
  EXPECT_TRUE(agent.targets().empty());
}

TEST(Agent, RulesHoldForWhatIsKnownOnceTheyAreOthers) {
  gorotrace::testing::GoTarget program("idle", gorotrace::testing::go_versions().back());
  ASSERT_EQ(program.line(), "ready");
  AgentConfig config;
  config.rules = {{false, {{RuleField::kExecutable, "*/idle-*"}}, 0, 4}};
  const auto started = Agent::start(config);
  ASSERT_TRUE(started) << started.error().message;
  Agent& agent = **started;
  ASSERT_TRUE(comes([&] { return agent.ready(); }));
  const auto state_is = [&](WatchState state) {
    return comes([&] {
      const auto target = target_of(agent, program.pid());
      return target && target->state == state;
    });
  };
  ASSERT_TRUE(state_is(WatchState::kExcluded));
  const AgentTarget target = *target_of(agent, program.pid());
  EXPECT_EQ(target.reason, "the rule in line 4 excludes it");
  EXPECT_EQ(agent.target_metrics(target.id).error().kind, ErrorKind::kUnsupported);
  agent.reload({});
  EXPECT_TRUE(state_is(WatchState::kWatched));
  agent.reload(config);
  EXPECT_TRUE(state_is(WatchState::kExcluded));
  EXPECT_EQ(target_of(agent, program.pid())->since_ns, target.since_ns);
}

// The list of its threads begins on a page that never comes.
TEST(Agent, OneThatHoldsUpItsReaderDelaysNobodyElse) {
  const std::string version = gorotrace::testing::go_versions().back();
  gorotrace::testing::GoTarget bad("parked", version), good("idle", version);
  while (bad.line() != "end") {
  }
  ASSERT_EQ(good.line(), "ready");
  const std::string page = bad.ask("held").substr(3);
  ASSERT_NE(page, "0") << "userfaultfd(2) is not allowed here";
  const auto layout = find_metrics_layout(bad.binary());
  ASSERT_TRUE(layout);
  const auto started = Agent::start({});
  ASSERT_TRUE(started);
  Agent& agent = **started;
  ASSERT_TRUE(comes([&] {
    const auto target = target_of(agent, bad.pid());
    return target && target->state == WatchState::kWatched && target_of(agent, good.pid());
  }));
  const std::string bad_id = target_of(agent, bad.pid())->id, good_id = target_of(agent, good.pid())->id;
  ASSERT_TRUE(
      bad.ask("poke " + std::to_string(layout->globals.allm + bad.bias()) + " " + page).starts_with("ok"));

  const auto begin = std::chrono::steady_clock::now();
  const auto held = agent.target_metrics(bad_id);
  ASSERT_FALSE(held);
  EXPECT_EQ(held.error().kind, ErrorKind::kFailed) << held.error().message;
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
  // On a busy machine the reading itself takes longer than a scrape waits.
  const auto good_is_read = [&] { return agent.target_metrics(good_id).has_value(); };
  EXPECT_TRUE(comes(good_is_read)) << "whoever waits behind it gets a thread of its own";
  EXPECT_EQ(agent.target_metrics(bad_id).error().kind, ErrorKind::kFailed);
  EXPECT_TRUE(comes([&] { return target_of(agent, bad.pid())->state == WatchState::kHeldUp; }));
  const auto of_node = agent.metrics();
  EXPECT_GE(value_of(of_node, "gorotrace_agent_late_readings_total"), 2);
  EXPECT_TRUE(comes(good_is_read));
}

}  // namespace
}  // namespace gorotrace
