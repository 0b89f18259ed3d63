// What `gorotrace metrics` prints, as text and as JSON (metrics.schema.json). Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/json_writer.h"
#include "evidence/facts.h"
#include "metrics/metrics.h"

namespace gorotrace {

struct MetricsReport {
  TargetFacts target;
  std::string offsets;                     // where the offsets came from: "DWARF", "table go1.26"
  std::uint64_t time_ns = 0, took_ns = 0;  // CLOCK_MONOTONIC when reading began, and how long it took
  std::vector<Metric> metrics;
};

struct MetricsTextOptions {
  std::size_t width = 80;  // percentiles for which a line has no room go below it
  // The reading before: only what has changed since is shown, cumulative ones with what they grew by.
  const MetricsReport* before = nullptr;
  std::string time = {};  // of day, which heads a reading that is one of several; "": not told
};
// A line for each metric: name, value, unit; histograms as count and percentiles; then what is not available.
[[nodiscard]] std::string metrics_text(const MetricsReport& report, const MetricsTextOptions& options);
void metrics_json(JsonWriter& out, const MetricsReport& report);

}  // namespace gorotrace
