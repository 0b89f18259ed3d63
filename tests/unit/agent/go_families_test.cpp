// client_golang's families out of runtime/metrics: names, sums, quantiles and buckets.
#include "agent/go_families.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "agent/otel_families.h"

namespace gorotrace {
namespace {

using ::testing::ElementsAre;
constexpr double kInf = std::numeric_limits<double>::infinity();

Metric metric(const char* name, MetricValue value, bool cumulative = false) {
  Metric out;
  out.name = name;
  out.cumulative = cumulative;
  out.value = std::move(value);
  return out;
}

std::vector<std::string> lines_of(const GoFigures& figures, const std::string& name) {
  std::vector<MetricFamily> families;
  add_go_families(families, figures);
  std::erase_if(families, [&](const MetricFamily& family) { return family.name != name; });
  EXPECT_LE(families.size(), 1u) << name;
  std::vector<std::string> out;
  std::string text = metrics_exposition(families, MetricsFormat::kPrometheusText);
  for (std::size_t at = 0, end = 0; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
    if (text[at] != '#') out.push_back(text.substr(at, end - at));
  }
  return out;
}

TEST(GoFamilies, SumsOfEntries) {
  GoFigures figures;
  figures.version = "go1.26.8";
  figures.goroutines = 7;
  figures.metrics = {metric("/gc/heap/allocs:objects", std::uint64_t{100}, true),
                     metric("/gc/heap/tiny/allocs:objects", std::uint64_t{11}, true),
                     metric("/memory/classes/heap/free:bytes", std::uint64_t{4}),
                     metric("/memory/classes/heap/released:bytes", std::uint64_t{8})};
  EXPECT_THAT(lines_of(figures, "go_memstats_mallocs_total"), ElementsAre("go_memstats_mallocs_total 111"));
  EXPECT_THAT(lines_of(figures, "go_memstats_heap_idle_bytes"),
              ElementsAre("go_memstats_heap_idle_bytes 12"));
  EXPECT_THAT(lines_of(figures, "go_goroutines"), ElementsAre("go_goroutines 7"));
  EXPECT_THAT(lines_of(figures, "go_info"), ElementsAre("go_info{version=\"go1.26.8\"} 1"));
  EXPECT_THAT(lines_of(figures, "go_memstats_heap_sys_bytes"), ElementsAre()) << "two of four are not known";
  EXPECT_THAT(lines_of(figures, "go_threads"), ElementsAre());
}

TEST(GoFamilies, NamesOfRuntimeMetrics) {
  GoFigures figures;
  figures.metrics = {metric("/gc/gogc:percent", std::uint64_t{100}),
                     metric("/sched/goroutines-created:goroutines", std::uint64_t{5}, true),
                     metric("/sched/goroutines/not-in-go:goroutines", std::uint64_t{2}),
                     metric("/sync/mutex/wait/total:seconds", 0.5, true)};
  EXPECT_THAT(lines_of(figures, "go_gc_gogc_percent"), ElementsAre("go_gc_gogc_percent 100"));
  EXPECT_THAT(lines_of(figures, "go_sched_goroutines_created_goroutines_total"),
              ElementsAre("go_sched_goroutines_created_goroutines_total 5"));
  EXPECT_THAT(lines_of(figures, "go_sched_goroutines_not_in_go_goroutines"),
              ElementsAre("go_sched_goroutines_not_in_go_goroutines 2"));
  EXPECT_THAT(lines_of(figures, "go_sync_mutex_wait_total_seconds_total"),
              ElementsAre("go_sync_mutex_wait_total_seconds_total 0.5"));
}

TEST(GoFamilies, ACounterThatMovedIsShownAsItWasFirst) {
  GoFigures figures;
  figures.metrics = {metric("/gc/heap/allocs:bytes", std::uint64_t{100}, true)};
  figures.metrics[0].low = std::uint64_t{90};
  EXPECT_THAT(lines_of(figures, "go_memstats_alloc_bytes_total"),
              ElementsAre("go_memstats_alloc_bytes_total 90"));
}

TEST(GoFamilies, QuantilesOfPausesAsReadGCStatsHasThem) {
  GoFigures figures;
  figures.pauses = GcPauses{1'700'000'000'500'000'000, 60'000'000, 6, {1, 2, 3, 4, 5, 6}};
  for (auto& pause : figures.pauses->last) pause *= 1'000'000;
  EXPECT_THAT(lines_of(figures, "go_gc_duration_seconds"),
              ElementsAre("go_gc_duration_seconds{quantile=\"0\"} 0.001",
                          "go_gc_duration_seconds{quantile=\"0.25\"} 0.002",
                          "go_gc_duration_seconds{quantile=\"0.5\"} 0.004",
                          "go_gc_duration_seconds{quantile=\"0.75\"} 0.005",
                          "go_gc_duration_seconds{quantile=\"1\"} 0.006", "go_gc_duration_seconds_sum 0.06",
                          "go_gc_duration_seconds_count 6"));
  EXPECT_THAT(lines_of(figures, "go_memstats_last_gc_time_seconds"),
              ElementsAre("go_memstats_last_gc_time_seconds 1700000000.5"));
  figures.pauses = GcPauses{};
  EXPECT_THAT(lines_of(figures, "go_gc_duration_seconds").front(),
              "go_gc_duration_seconds{quantile=\"0\"} 0");
}

TEST(GoFamilies, BucketsOfSecondsAsClientGolangHasThem) {
  // As a program with client_golang 1.25 on Go 1.26.8 prints them.
  const std::vector<double> printed = {6.399999999999999e-08, 6.399999999999999e-07, 7.167999999999999e-06,
                                       8.191999999999999e-05, 0.0009175039999999999, 0.010485759999999998,
                                       0.11744051199999998};
  const TimeHistogramShape shape = time_histogram_shape(26);
  Float64Histogram histogram = time_histogram(26, std::vector<std::uint64_t>(shape.words(), 1));
  const auto bounds = fewer_buckets(histogram.buckets, "seconds");
  ASSERT_EQ(bounds.front(), -kInf);
  ASSERT_EQ(bounds.back(), kInf);

  GoFigures figures;
  figures.metrics = {metric("/sched/latencies:seconds", histogram, true)};
  const auto lines = lines_of(figures, "go_sched_latencies_seconds");
  ASSERT_EQ(lines.size(), printed.size() + 3);
  for (std::size_t i = 0; i < printed.size(); ++i)
    EXPECT_TRUE(lines[i].starts_with(
        "go_sched_latencies_seconds_bucket{le=\"" +
        metrics_exposition({MetricFamily{"x", "", MetricType::kGauge, {}}.add(printed[i])},
                           MetricsFormat::kPrometheusText)
            .substr(sizeof("# HELP x \n# TYPE x gauge\nx ") - 1, 4)))
        << lines[i];
  const std::string total = std::to_string(histogram.total());
  EXPECT_EQ(lines[printed.size()], "go_sched_latencies_seconds_bucket{le=\"+Inf\"} " + total);
  EXPECT_EQ(lines.back(), "go_sched_latencies_seconds_count " + total);
}

TEST(GoFamilies, BucketsOfSizesAsClientGolangHasThem) {
  const Float64Histogram sizes = size_histogram({}, 0);
  const auto bounds = fewer_buckets(sizes.buckets, "bytes");
  // As such a program prints them, each a hair below.
  std::vector<double> inner(bounds.begin(), bounds.end());
  std::erase_if(inner, [](double bound) { return bound < 9 || bound == kInf; });
  EXPECT_THAT(inner, ElementsAre(9, 25, 65, 145, 321, 705, 1537, 3201, 6529, 13569, 27265));

  GoFigures figures;
  figures.metrics = {metric("/gc/heap/allocs-by-size:bytes", sizes, true),
                     metric("/gc/heap/allocs:bytes", std::uint64_t{4321}, true)};
  const auto lines = lines_of(figures, "go_gc_heap_allocs_by_size_bytes");
  ASSERT_EQ(lines.size(), 14u);
  EXPECT_EQ(lines[12], "go_gc_heap_allocs_by_size_bytes_sum 4321") << "an entry of its own";
}

TEST(OtelFamilies, OfTheSameEntries) {
  GoFigures figures;
  figures.metrics = {metric("/gc/gogc:percent", std::uint64_t{100}),
                     metric("/gc/gomemlimit:bytes", std::uint64_t{9223372036854775807}),
                     metric("/gc/heap/allocs:bytes", std::uint64_t{500}, true),
                     metric("/memory/classes/heap/released:bytes", std::uint64_t{30}),
                     metric("/memory/classes/heap/stacks:bytes", std::uint64_t{7}),
                     metric("/memory/classes/total:bytes", std::uint64_t{100}),
                     metric("/sched/goroutines:goroutines", std::uint64_t{12}),
                     metric("/sched/latencies:seconds", Float64Histogram{{0, 1e-3, kInf}, {3, 1}}, true)};
  std::vector<MetricFamily> families;
  add_otel_families(families, figures);
  const std::string text = metrics_exposition(families, MetricsFormat::kPrometheusText);
  EXPECT_THAT(text, ::testing::HasSubstr("go_memory_used_bytes{go_memory_type=\"stack\"} 7\n"));
  EXPECT_THAT(text, ::testing::HasSubstr("go_memory_used_bytes{go_memory_type=\"other\"} 63\n"));
  EXPECT_THAT(text, ::testing::HasSubstr("go_memory_allocated_bytes_total 500\n"));
  EXPECT_THAT(text, ::testing::HasSubstr("go_goroutine_count 12\n"));
  EXPECT_THAT(text, ::testing::HasSubstr("go_config_gogc_percent 100\n"));
  EXPECT_THAT(text, ::testing::HasSubstr("go_schedule_duration_seconds_count 4\n"));
  EXPECT_THAT(text, ::testing::Not(::testing::HasSubstr("go_memory_limit_bytes"))) << "no limit was set";
  EXPECT_THAT(text, ::testing::Not(::testing::HasSubstr("go_processor_limit"))) << "not known";
}

}  // namespace
}  // namespace gorotrace
