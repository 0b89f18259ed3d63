// Text and JSON of gorotrace metrics from metrics made up here. That the JSON follows metrics.schema.json is
// held by tests/e2e/test_metrics.py, of real ones.
#include "report/metrics_report.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace gorotrace {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

MetricsReport report() {
  MetricsReport r;
  r.target = {1, 4242, "/usr/bin/shop", "/usr/bin/shop", "go1.22.12", "example.com/shop", ""};
  r.offsets = "table go1.22";
  r.time_ns = 5;
  r.took_ns = 6;
  Metric count;
  count.name = "/gc/cycles/total:gc-cycles";
  count.cumulative = true;
  count.value = MetricValue{std::uint64_t{18446744073709551615u}};
  Metric pauses;
  pauses.name = "/gc/pauses:seconds";
  pauses.cumulative = true;
  pauses.value = MetricValue{Float64Histogram{{-INFINITY, 0, 64e-9, INFINITY}, {0, 98, 2}}};
  Metric moving;
  moving.name = "/gc/heap/frees:bytes";
  moving.cumulative = true;
  moving.value = MetricValue{std::uint64_t{1000}};
  moving.low = MetricValue{std::uint64_t{990}};
  moving.quality = MetricQuality::kBound;
  Metric estimate;
  estimate.name = "/sync/mutex/wait/total:seconds";
  estimate.value = MetricValue{0.25};
  estimate.quality = MetricQuality::kEstimated;
  Metric none;
  none.name = "/gc/heap/goal:bytes";
  none.missing = "runtime.gcController: not found";
  r.metrics = {count, moving, none, pauses, estimate};
  return r;
}

TEST(MetricsText, TheNameThatGoGivesItsValueAndWhatIsNotExact) {
  EXPECT_EQ(
      metrics_text(report(), {.width = 200}),
      "process 4242 /usr/bin/shop, go1.22.12: runtime/metrics from outside (engine: counters), exact where "
      "nothing else is said\n"
      "/gc/cycles/total:gc-cycles      18446744073709551615\n"
      "/gc/heap/frees:bytes                       990..1000  bound\n"
      "/gc/pauses:seconds                               100  times; p50 < 64ns, p99 ≥ 64ns, max ≥ 64ns\n"
      "/sync/mutex/wait/total:seconds                  0.25  estimated\n"
      "\n"
      "not available\n"
      "/gc/heap/goal:bytes: runtime.gcController: not found\n");
}

TEST(MetricsText, ANarrowScreenHasPercentilesBelow) {
  EXPECT_THAT(metrics_text(report(), {.width = 70}),
              testing::HasSubstr(" 100\n        times; p50 < 64ns, p99 ≥ 64ns, max ≥ 64ns\n"));
}

TEST(MetricsText, ASecondReadingShowsWhatChangedAndByHowMuch) {
  const MetricsReport before = report();
  MetricsReport now = before;
  now.time_ns = before.time_ns + 2'000'000'000;
  const auto cycles = std::ranges::find(now.metrics, "/gc/heap/frees:bytes", &Metric::name);
  ASSERT_NE(cycles, now.metrics.end());
  cycles->cumulative = true;
  cycles->low.reset();
  cycles->quality = MetricQuality::kExact;
  cycles->value = std::uint64_t{1024};
  EXPECT_EQ(metrics_text(now, {.width = 80, .before = &before}),
            "\n1 metric of process 4242 changed in 2.00s\n/gc/heap/frees:bytes  1024  +24\n");
  // One reading of several is known by its time of day.
  EXPECT_THAT(metrics_text(now, {.width = 80, .before = &before, .time = "14:03:07"}),
              StartsWith("\n14:03:07  1 metric of process 4242 changed in 2.00s\n"));
  EXPECT_THAT(metrics_text(now, {.width = 200, .time = "14:03:05"}), StartsWith("14:03:05  process 4242 "));
}

TEST(MetricsJson, ValuesAreWholeAndWhatIsMissingIsNull) {
  const std::string text = json_text([](JsonWriter& out) { metrics_json(out, report()); });
  EXPECT_THAT(text, HasSubstr("18446744073709551615"));
  const auto json = nlohmann::json::parse(text);
  EXPECT_EQ(json["engine"], "counters");
  EXPECT_EQ(json["main_version"], nullptr);
  const auto& metrics = json["metrics"];
  ASSERT_EQ(metrics.size(), 5u);
  EXPECT_EQ(metrics[0]["kind"], "uint64");
  EXPECT_EQ(metrics[1]["low"], 990);
  EXPECT_EQ(metrics[1]["quality"], "bound");
  EXPECT_EQ(metrics[2]["value"], nullptr);
  EXPECT_EQ(metrics[2]["quality"], nullptr);
  EXPECT_EQ(metrics[2]["not_available"], "runtime.gcController: not found");
  EXPECT_EQ(metrics[3]["value"]["buckets"], (nlohmann::json{"-Inf", 0.0, 64e-9, "+Inf"}));
  EXPECT_EQ(metrics[3]["value"]["counts"], (nlohmann::json{0, 98, 2}));
  EXPECT_EQ(metrics[4]["value"], 0.25);
  EXPECT_FALSE(metrics[4].contains("low"));
}

}  // namespace
}  // namespace gorotrace
