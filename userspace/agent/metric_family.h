// Metrics as Prometheus has them: families of samples, and their two text formats. Pure. Threads: any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/enum_names.h"

namespace gorotrace {

enum class MetricType : std::uint8_t { kGauge, kCounter, kSummary, kHistogram };
template <>
inline constexpr auto kEnumNames<MetricType> = enum_names<MetricType>({
    {MetricType::kGauge, "gauge"},
    {MetricType::kCounter, "counter"},
    {MetricType::kSummary, "summary"},
    {MetricType::kHistogram, "histogram"},
});

using MetricLabels = std::vector<std::pair<std::string, std::string>>;  // any bytes as values

struct MetricSample {
  std::string suffix;  // of the family's name: "", "_sum", "_count", "_bucket"
  MetricLabels labels;
  double value = 0;
};

struct MetricFamily {
  std::string name;  // of a counter with its "_total"
  std::string help;
  MetricType type = MetricType::kGauge;
  std::vector<MetricSample> samples;

  MetricFamily& add(double value, MetricLabels labels = {}) {
    samples.push_back({"", std::move(labels), value});
    return *this;
  }
};

// Of durations, whose names end in "_seconds".
[[nodiscard]] inline double in_seconds(std::uint64_t ns) {
  return static_cast<double>(ns) / 1e9;
}

enum class MetricsFormat : std::uint8_t { kPrometheusText, kOpenMetrics };

// Of the response that carries metrics_exposition().
[[nodiscard]] std::string_view content_type(MetricsFormat format);
// The format that an Accept header prefers: OpenMetrics only where it is named and not weighed lower.
[[nodiscard]] MetricsFormat accepted_format(std::string_view accept);
// Families without a sample are left out. Bytes of a label that are no UTF-8 become U+FFFD.
[[nodiscard]] std::string metrics_exposition(const std::vector<MetricFamily>& families, MetricsFormat format);

}  // namespace gorotrace
