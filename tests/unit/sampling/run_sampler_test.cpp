// Looks at who runs become ticks, and ticks an estimate beside the probes' tables, whatever else is sampled.
#include "sampling/run_sampler.h"

#include <gtest/gtest.h>

#include "../metrics/forged_scheduler.h"
#include "sampling/estimator.h"

namespace gorotrace {
namespace {

constexpr std::uint64_t kRunMs = 1'000'000, kSystem = 0x9000;

std::uint32_t count_of(const SampleTick& tick, GState state) {
  for (const ClassCount& c : tick.counts[kStateClass]) {
    if (c.number == static_cast<std::uint32_t>(state)) return c.goroutines;
  }
  return 0;
}

TEST(RunSampler, CountsThoseThatRunButForTheRuntimesOwnAndThoseThatWait) {
  testing::ForgedScheduler p(1);
  p.runs(0, 2, 0x1000);
  RunSampler sampler(p.memory, {p.where, [](std::uint64_t pc) { return pc == kSystem; }});
  ASSERT_TRUE(sampler.refresh().has_value());
  EXPECT_EQ(sampler.total(), 1u);
  p.global_queue(3);
  auto tick = sampler.look(1, 1, 0);
  ASSERT_TRUE(tick.has_value()) << tick.error().message;
  EXPECT_TRUE((*tick)->begins);
  EXPECT_EQ(count_of(**tick, GState::kRunning), 1u);
  EXPECT_EQ(count_of(**tick, GState::kRunnable), 3u);

  p.runs(0, 2, kSystem);
  tick = sampler.look(2, 1, 0);
  ASSERT_TRUE(tick.has_value());
  EXPECT_FALSE((*tick)->begins);
  EXPECT_EQ((*tick)->number, 2u);
  EXPECT_EQ(count_of(**tick, GState::kRunning), 0u);
  sampler.restart();
  EXPECT_TRUE((*sampler.look(3, 1, 0))->begins);
  p.memory.gone = true;
  EXPECT_FALSE(sampler.look(4, 1, 0).has_value());
}

SampleTick tick_of_runs(std::uint64_t number, std::uint64_t at_ns, std::uint32_t running,
                        std::uint32_t runnable) {
  SampleTick tick;
  tick.what = SampledWhat::kRuns;
  tick.number = number;
  tick.at_ns = tick.seen_ns = at_ns;
  tick.begins = number == 1;
  tick.slots = 2;
  tick.counts[kStateClass] = {{static_cast<std::uint32_t>(GState::kRunning), running, 0},
                              {static_cast<std::uint32_t>(GState::kRunnable), runnable, 0}};
  return tick;
}

TEST(Estimator, TellsWhoRanBesideTheProbesTables) {
  Model model({});
  Estimator estimator;
  EXPECT_FALSE(estimator.over(model.tables(0)).runs.has_value());
  for (std::uint64_t i = 1; i <= 101; ++i) estimator.apply(tick_of_runs(i, i * 10 * kRunMs, 2, 5), model);
  Tables t = estimator.over(model.tables(1010 * kRunMs));
  ASSERT_TRUE(t.runs.has_value());
  EXPECT_EQ(t.runs->running.ns, 2000 * kRunMs);
  EXPECT_EQ(t.runs->runnable.ns, 5000 * kRunMs);
  EXPECT_GT(t.runs->running.error_ns, 0u) << "equal looks prove nothing";
  EXPECT_EQ(t.runs->runnable_last, 5u);
  EXPECT_EQ(t.runs->last_look_ns, 1010 * kRunMs);
  ASSERT_EQ(t.runs->covered.size(), 1u);
  EXPECT_EQ(t.runs->covered[0], (Interval{10 * kRunMs, 1010 * kRunMs}));
  EXPECT_TRUE(t.covered_by_sampling.empty()) << "it stands in for no probe";
  for (const std::uint64_t ns : t.state_ns) EXPECT_EQ(ns, 0u);

  // Lost ones end the stretch, and the next that begins one goes on.
  estimator.lost();
  estimator.apply(tick_of_runs(102, 2000 * kRunMs, 2, 5), model);
  EXPECT_EQ(estimator.over(model.tables(2000 * kRunMs)).runs->running.ns, 2000 * kRunMs);
  estimator.end(SampledWhat::kRuns, 2000 * kRunMs, model);
  t = estimator.over_totals(model.totals(2000 * kRunMs), true);
  EXPECT_EQ(t.runs->runnable_last, 5u) << "nobody looks any more, and it is told when the last did";
  EXPECT_EQ(t.runs->last_look_ns, 1010 * kRunMs);
}

}  // namespace
}  // namespace gorotrace
