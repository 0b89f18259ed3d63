#include <cmath>

#include "report/json_parts.h"
#include "report/metrics_report.h"

namespace gorotrace {
namespace {

// JSON has no infinity; Prometheus writes its outermost bounds so.
void bound_json(JsonWriter& out, double bound) {
  if (std::isinf(bound)) return out.value(bound < 0 ? "-Inf" : "+Inf");
  out.value(bound);
}

void value_field(JsonWriter& out, std::string_view name, const MetricValue& value) {
  if (const auto* n = std::get_if<std::uint64_t>(&value)) return out.field(name, *n);
  if (const auto* d = std::get_if<double>(&value)) return out.field(name, *d);
  const auto& h = std::get<Float64Histogram>(value);
  out.object_field(name, [&] {
    out.array_field("buckets", h.buckets, [&](double bound) { bound_json(out, bound); });
    out.array_field("counts", h.counts, [&](std::uint64_t n) { out.value(n); });
  });
}

const char* kind_name(const MetricValue& value) {
  if (std::holds_alternative<std::uint64_t>(value)) return "uint64";
  return std::holds_alternative<double>(value) ? "float64" : "float64_histogram";
}

void metric_fields(JsonWriter& out, const Metric& m) {
  out.field("name", m.name);
  out.field("unit", m.unit());
  out.field("cumulative", m.cumulative);
  out.name_field("kind", m.value ? kind_name(*m.value) : "");
  out.name_field("quality", m.value ? name_of(m.quality) : "");
  if (m.value) {
    value_field(out, "value", *m.value);
  } else {
    out.field("value", nullptr);
  }
  if (m.low) value_field(out, "low", *m.low);
  if (!m.value) out.field("not_available", m.missing);
}

}  // namespace

void metrics_json(JsonWriter& out, const MetricsReport& report) {
  out.object([&] {
    out.field("type", "metrics");
    out.field("engine", "counters");
    target_fields(out, report.target);
    out.field("offsets", report.offsets);
    out.field("time_ns", report.time_ns);
    out.field("took_ns", report.took_ns);
    out.array_field("metrics", report.metrics,
                    [&](const Metric& m) { out.object([&] { metric_fields(out, m); }); });
  });
}

}  // namespace gorotrace
