// What `gorotrace metrics` prints, as text and as JSON (metrics.schema.json). Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "metrics/metrics.h"
#include "report/facts.h"

namespace gorotrace {

struct MetricsReport {
  TargetFacts target;
  std::string offsets;                     // where the offsets came from: "DWARF", "table go1.26"
  std::uint64_t time_ns = 0, took_ns = 0;  // CLOCK_MONOTONIC when reading began, and how long it took
  std::vector<Metric> metrics;
};

// A line for each metric: name, value, unit; histograms as count and percentiles; then what is not available.
[[nodiscard]] std::string metrics_text(const MetricsReport& report);
// One object on one line, with a newline.
[[nodiscard]] std::string metrics_json(const MetricsReport& report);

}  // namespace gorotrace
