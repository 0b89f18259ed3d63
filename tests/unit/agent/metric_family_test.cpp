// Both text formats, and that nothing a target chose can leave its label.
#include "agent/metric_family.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace gorotrace {
namespace {

constexpr auto kText = MetricsFormat::kPrometheusText, kOpen = MetricsFormat::kOpenMetrics;

TEST(MetricsExposition, AFamilyOfEachType) {
  const std::vector<MetricFamily> families = {
      MetricFamily{"go_goroutines", "How many.", MetricType::kGauge, {}}.add(12),
      MetricFamily{"x_seconds_total", "Time.", MetricType::kCounter, {}}.add(0.25, {{"a", "1"}, {"b", "2"}}),
      {"h",
       "H.",
       MetricType::kHistogram,
       {{"_bucket", {{"le", "+Inf"}}, 3}, {"_sum", {}, 1.5}, {"_count", {}, 3}}},
      {"none", "Without a sample.", MetricType::kGauge, {}},
  };
  EXPECT_EQ(
      metrics_exposition(families, kText),
      "# HELP go_goroutines How many.\n# TYPE go_goroutines gauge\ngo_goroutines 12\n"
      "# HELP x_seconds_total Time.\n# TYPE x_seconds_total counter\nx_seconds_total{a=\"1\",b=\"2\"} 0.25\n"
      "# HELP h H.\n# TYPE h histogram\nh_bucket{le=\"+Inf\"} 3\nh_sum 1.5\nh_count 3\n");
  EXPECT_EQ(metrics_exposition(families, kOpen),
            "# HELP go_goroutines How many.\n# TYPE go_goroutines gauge\ngo_goroutines 12\n"
            "# HELP x_seconds Time.\n# TYPE x_seconds counter\nx_seconds_total{a=\"1\",b=\"2\"} 0.25\n"
            "# HELP h H.\n# TYPE h histogram\nh_bucket{le=\"+Inf\"} 3\nh_sum 1.5\nh_count 3\n# EOF\n");
  EXPECT_EQ(metrics_exposition({}, kText), "");
}

TEST(MetricsExposition, NumbersAsGoWritesThem) {
  const auto shown = [](double value) {
    const std::string text =
        metrics_exposition({MetricFamily{"x", "", MetricType::kGauge, {}}.add(value)}, kText);
    const std::size_t at = text.rfind(' ') + 1;
    return text.substr(at, text.size() - at - 1);
  };
  for (const double value : {0.0, -0.0, 1.0, -7.0, 0.1, 123456789.0, 999999999999999.0, 1e15, 1e16,
                             1.8446744073709552e19, -1e300, 5e-324, 1e-9, 2.5})
    EXPECT_EQ(shown(value), fmt::format("{}", value));
  EXPECT_EQ(shown(std::numeric_limits<double>::quiet_NaN()), "NaN");
  EXPECT_EQ(shown(-std::numeric_limits<double>::infinity()), "-Inf");
}

TEST(MetricsExposition, TwoFamiliesOfOneNameInOpenMetrics) {
  const std::vector<MetricFamily> families = {
      MetricFamily{"m_bytes", "Now.", MetricType::kGauge, {}}.add(1),
      MetricFamily{"m_bytes_total", "Ever.", MetricType::kCounter, {}}.add(2)};
  EXPECT_EQ(metrics_exposition(families, kOpen),
            "# HELP m_bytes Now.\n# TYPE m_bytes gauge\nm_bytes 1\n"
            "# HELP m_bytes_total Ever.\n# TYPE m_bytes_total unknown\nm_bytes_total 2\n# EOF\n");
}

TEST(MetricsExposition, HostileLabels) {
  const auto one = [](const std::string& value) {
    return metrics_exposition({MetricFamily{"x", "h\\\n\"", MetricType::kGauge, {}}.add(1, {{"l", value}})},
                              kText);
  };
  const std::string head = "# HELP x h\\\\\\n\"\n# TYPE x gauge\n";
  EXPECT_EQ(one("\"} 99\ny{l=\""), head + "x{l=\"\\\"} 99\\ny{l=\\\"\"} 1\n");
  EXPECT_EQ(one("\\"), head + "x{l=\"\\\\\"} 1\n");
  EXPECT_EQ(one("\\n"), head + "x{l=\"\\\\n\"} 1\n");
  EXPECT_EQ(one("a\xff\xc3"), head + "x{l=\"a\xef\xbf\xbd\xef\xbf\xbd\"} 1\n");
  EXPECT_EQ(one("µ"), head + "x{l=\"µ\"} 1\n");
  EXPECT_EQ(one(std::string("a\0b", 3)), head + "x{l=\"" + std::string("a\0b", 3) + "\"} 1\n");
  EXPECT_EQ(metrics_exposition({MetricFamily{"x", "\"", MetricType::kGauge, {}}.add(1)}, kOpen),
            "# HELP x \\\"\n# TYPE x gauge\nx 1\n# EOF\n");
}

TEST(MetricsExposition, Values) {
  const auto value = [](double v) {
    const std::string text =
        metrics_exposition({MetricFamily{"x", "", MetricType::kGauge, {}}.add(v)}, kText);
    return text.substr(text.rfind(' ') + 1);
  };
  EXPECT_EQ(value(0), "0\n");
  EXPECT_EQ(value(134217728), "134217728\n");
  EXPECT_EQ(value(0.1), "0.1\n");
  EXPECT_EQ(value(1.8446744073709552e19), "1.8446744073709552e+19\n");
  EXPECT_EQ(value(6.399999999999999e-08), "6.399999999999999e-08\n");
  EXPECT_EQ(value(std::numeric_limits<double>::infinity()), "+Inf\n");
  EXPECT_EQ(value(-std::numeric_limits<double>::infinity()), "-Inf\n");
  EXPECT_EQ(value(std::nan("")), "NaN\n");
}

TEST(MetricsExposition, WhatTheClientPrefers) {
  EXPECT_EQ(accepted_format(""), kText);
  EXPECT_EQ(accepted_format("*/*"), kText);
  EXPECT_EQ(accepted_format("application/openmetrics-text"), kOpen);
  // Prometheus 2.42 and 3.
  EXPECT_EQ(accepted_format("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version="
                            "0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"),
            kOpen);
  EXPECT_EQ(accepted_format("application/openmetrics-text;version=1.0.0;q=0.2, text/plain;q=0.5"), kText);
  EXPECT_EQ(accepted_format("application/openmetrics-text;version=1.0.0;q=0"), kText);
  EXPECT_EQ(accepted_format("application/openmetrics-text;version=9.0.0"), kText);
  EXPECT_EQ(accepted_format(";;,,q=,;q=x"), kText);
  EXPECT_EQ(content_type(kText), "text/plain; version=0.0.4; charset=utf-8");
}

}  // namespace
}  // namespace gorotrace
