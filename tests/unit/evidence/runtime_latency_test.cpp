// What the runtime timed between two readings of its histogram.
#include "evidence/runtime_latency.h"

#include <gtest/gtest.h>

#include "evidence/trust.h"
#include "fixture.h"
#include "metrics/histogram.h"

namespace gorotrace {
namespace {

using report_test::make_session;
using report_test::Session;
using report_test::without_run;

std::vector<std::uint64_t> words(int minor) {
  return std::vector<std::uint64_t>(time_histogram_shape(minor).words());
}

TEST(RuntimeLatency, IsWhatGrewInTheMiddleOfEachBucket) {
  auto before = words(22), now = words(22);
  before[0] = 3, now[0] = 4;    // below 64 ns
  before[4] = 10, now[4] = 30;  // 256 to 320 ns
  now[8] = 1;                   // 512 to 640 ns
  const auto found = runtime_latency(22, {100, before}, {400, now});
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->between, (Interval{100, 400}));
  EXPECT_EQ(found->times.count(), 22u);
  EXPECT_EQ(found->times.total(), 32u + 20 * 288 + 576);
  EXPECT_EQ(found->times.max(), 576u);
  EXPECT_NEAR(static_cast<double>(*found->times.quantile(0.5)), 288, 288 / 32.0);
}

TEST(RuntimeLatency, TakesWhatHasNoEndForTheEndThatItHas) {
  const auto before = words(22);
  auto now = before;
  const std::size_t counts = time_histogram_shape(22).counts;
  now[counts] = 1;      // below 0
  now[counts + 1] = 1;  // above 2^47 ns
  const auto found = runtime_latency(22, {1, before}, {2, now});
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->times.count(), 2u);
  EXPECT_GT(found->times.max(), std::uint64_t{1} << 46);
}

TEST(RuntimeLatency, IsNoneOfReadingsThatAreNotTwoOfOneHistogram) {
  const auto zero = words(22);
  auto one = zero;
  one[7] = 1;
  EXPECT_TRUE(runtime_latency(22, {1, zero}, {2, one}).has_value());
  EXPECT_FALSE(runtime_latency(22, {1, one}, {2, zero}).has_value()) << "it shrank";
  EXPECT_FALSE(runtime_latency(22, {2, zero}, {2, one}).has_value()) << "no time between";
  EXPECT_FALSE(runtime_latency(22, {1, {}}, {2, one}).has_value());
  EXPECT_FALSE(runtime_latency(22, {1, zero}, {2, {}}).has_value());
  EXPECT_FALSE(runtime_latency(19, {1, zero}, {2, one}).has_value()) << "another version's shape";
}

TEST(Latencies, AreTheProbesWhereTheySawSomeAndElseTheRuntimes) {
  Session x = make_session();
  RuntimeLatency timed{{x.facts.begin_ns, x.facts.end_ns - 1'000'000}, {}};
  timed.times.add(500, 8);
  x.facts.runtime_latency = timed;
  EXPECT_EQ(latencies(x.facts, x.tables), &x.tables.latency.histogram);

  without_run(x);
  TableTrust trust = table_trust(TableKind::kLatency, x.facts, x.tables);
  EXPECT_EQ(trust.engine, Engine::kCounters);
  EXPECT_EQ(trust.quality, Quality::kSampled);
  EXPECT_EQ(trust.covered_ns, x.facts.end_ns - x.facts.begin_ns) << "the readings were asked for at its ends";
  ASSERT_EQ(latencies(x.facts, x.tables), &x.facts.runtime_latency->times);

  x.facts.runtime_latency->between.to_ns = x.facts.begin_ns + 1'000'000'000;
  trust = table_trust(TableKind::kLatency, x.facts, x.tables);
  EXPECT_EQ(trust.covered_ns, 1'000'000'000u);

  x.facts.runtime_latency->between = {x.facts.end_ns + 1, x.facts.end_ns + 2};
  EXPECT_EQ(table_trust(TableKind::kLatency, x.facts, x.tables).covered_ns, 0u) << "not of the window";

  x.facts.runtime_latency.reset();
  EXPECT_EQ(latencies(x.facts, x.tables), nullptr);
}

}  // namespace
}  // namespace gorotrace
