// client_golang's Go collector (v1.25.0), from runtime/metrics and the few words beside them: names, values
// and buckets as a program's own /metrics would have them. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/collector_words.h"
#include "agent/metric_family.h"
#include "metrics/metrics.h"

namespace gorotrace {

struct GoFigures {
  std::string version;                     // "go1.26.8"
  std::optional<std::int64_t> goroutines;  // runtime.NumGoroutine
  std::optional<std::uint64_t> threads;
  std::optional<GcPauses> pauses;
  std::vector<Metric> metrics;  // metrics_of()
};

// The default families, and those of runtime/metrics under /sched/, /gc/ and /sync/ that the option
// WithGoCollectorRuntimeMetrics adds. What is not known is left out.
void add_go_families(std::vector<MetricFamily>& families, const GoFigures& figures);

// Of an entry of runtime/metrics by its name: a number, as far as there is one that is; a histogram, with
// client_golang's buckets.
[[nodiscard]] std::optional<double> runtime_number(const std::vector<Metric>& metrics, const char* entry);
void add_runtime_histogram(MetricFamily& family, const std::vector<Metric>& metrics, const char* entry);

// prometheus/go_collector_latest.go, internal/go_runtime_metrics.go: fewer buckets, each at least `base`
// times the one before; those of seconds end at 1 s.
[[nodiscard]] std::vector<double> fewer_buckets(const std::vector<double>& buckets, const std::string& unit);

}  // namespace gorotrace
