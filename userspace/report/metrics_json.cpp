#include <cmath>
#include <nlohmann/json.hpp>

#include "report/metrics_report.h"

namespace gorotrace {
namespace {

// Keys in the order they are written: a line is read by people too.
using Json = nlohmann::ordered_json;

// JSON has no infinity; Prometheus writes its outermost bounds so.
Json bound_json(double bound) {
  if (std::isinf(bound)) return bound < 0 ? "-Inf" : "+Inf";
  return bound;
}

Json value_json(const MetricValue& value) {
  if (const auto* n = std::get_if<std::uint64_t>(&value)) return *n;
  if (const auto* d = std::get_if<double>(&value)) return *d;
  const auto& h = std::get<Float64Histogram>(value);
  Json buckets = Json::array();
  for (const double bound : h.buckets) buckets.push_back(bound_json(bound));
  return {{"buckets", buckets}, {"counts", h.counts}};
}

const char* kind_name(const MetricValue& value) {
  if (std::holds_alternative<std::uint64_t>(value)) return "uint64";
  return std::holds_alternative<double>(value) ? "float64" : "float64_histogram";
}

Json metric_json(const Metric& m) {
  Json out = {{"name", m.name}, {"unit", m.unit()}, {"cumulative", m.cumulative}};
  out["kind"] = m.value ? Json(kind_name(*m.value)) : Json();
  out["quality"] = m.value ? Json(metric_quality_name(m.quality)) : Json();
  out["value"] = m.value ? value_json(*m.value) : Json();
  if (m.low) out["low"] = value_json(*m.low);
  if (!m.value) out["not_available"] = m.missing;
  return out;
}

}  // namespace

std::string metrics_json(const MetricsReport& report) {
  const auto text = [](const std::string& s) { return s.empty() ? Json() : Json(s); };
  const TargetFacts& t = report.target;
  Json metrics = Json::array();
  for (const Metric& m : report.metrics) metrics.push_back(metric_json(m));
  const Json out = {{"type", "metrics"},
                    {"engine", "counters"},
                    {"pid", t.pid},
                    {"host_pid", t.host_pid},
                    {"exe", t.exe},
                    {"go_version", text(t.go_version)},
                    {"main_module", text(t.main_module)},
                    {"main_version", text(t.main_version)},
                    {"offsets", report.offsets},
                    {"time_ns", report.time_ns},
                    {"took_ns", report.took_ns},
                    {"metrics", metrics}};
  return out.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace gorotrace
