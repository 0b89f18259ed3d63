#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "base/plural.h"
#include "base/text.h"
#include "report/columns.h"
#include "report/metrics_report.h"
#include "report/wrapping.h"

namespace gorotrace {
namespace {

// "< 20.5µs", or "≥ 32769" of the bucket without end.
std::string bucket_text(const Float64Histogram& h, double q, bool seconds) {
  const std::size_t i = h.bucket_of(q);
  const bool open = std::isinf(h.buckets[i + 1]);
  const double bound = h.buckets[open ? i : i + 1];
  return (open ? "≥ " : "< ") + (seconds
                                     ? format_duration(static_cast<std::uint64_t>(std::llround(bound * 1e9)))
                                     : fmt::format("{:.0f}", bound));
}

std::string histogram_note(const Float64Histogram& h, bool seconds) {
  const std::string_view counted = seconds ? "times" : "objects";
  if (h.total() == 0) return std::string(counted);
  return fmt::format("{}; p50 {}, p99 {}, max {}", counted, bucket_text(h, 0.5, seconds),
                     bucket_text(h, 0.99, seconds), bucket_text(h, 1, seconds));
}

struct MetricLine {
  std::string name, value, note;
};

std::string number(const MetricValue& value) {
  if (const auto* h = std::get_if<Float64Histogram>(&value)) return fmt::format("{}", h->total());
  if (const auto* d = std::get_if<double>(&value)) return fmt::format("{}", *d);
  return fmt::format("{}", std::get<std::uint64_t>(value));
}

MetricLine line_of(const Metric& m) {
  MetricLine line{m.name, number(*m.value), ""};
  // Of a histogram the number is how many are in it; the unit in its name is that of the percentiles.
  if (const auto* h = std::get_if<Float64Histogram>(&*m.value))
    line.note = histogram_note(*h, m.unit() == "seconds");
  if (m.quality == MetricQuality::kExact) return line;
  if (m.low) line.value = number(*m.low) + ".." + line.value;
  line.note += fmt::format("{}{}", line.note.empty() ? "" : "; ", name_of(m.quality));
  return line;
}

const Metric* same_metric(const MetricsReport& report, const std::string& name) {
  const auto it = std::ranges::find(report.metrics, name, &Metric::name);
  return it != report.metrics.end() && it->value ? &*it : nullptr;
}

// What a cumulative metric grew by: "+12", "+0.25".
std::string growth_text(const Metric& before, const Metric& now) {
  if (!now.cumulative || before.value->index() != now.value->index()) return "";
  if (const auto* h = std::get_if<Float64Histogram>(&*now.value)) {
    const std::uint64_t was = std::get<Float64Histogram>(*before.value).total(), is = h->total();
    return is >= was ? fmt::format("+{}", is - was) : "";
  }
  if (const auto* d = std::get_if<double>(&*now.value))
    return fmt::format("{:+.3g}", *d - std::get<double>(*before.value));
  const std::uint64_t was = std::get<std::uint64_t>(*before.value), is = std::get<std::uint64_t>(*now.value);
  return is >= was ? fmt::format("+{}", is - was) : "";
}

std::string head(const MetricsReport& report, const MetricsTextOptions& options, std::size_t shown) {
  const std::string time = options.time.empty() ? "" : options.time + "  ";
  if (options.before != nullptr) {
    const std::uint64_t since = report.time_ns - options.before->time_ns;
    return fmt::format("\n{}{} of process {} changed in {}", time, plural(shown, "metric"),
                       report.target.host_pid, format_duration(since));
  }
  const bool all_exact = std::ranges::all_of(
      report.metrics, [](const Metric& m) { return !m.value || m.quality == MetricQuality::kExact; });
  return fmt::format("{}process {} {}, {}: runtime/metrics from outside (engine: counters), exact{}", time,
                     report.target.host_pid, report.target.program(), report.target.go_version,
                     all_exact ? "" : " where nothing else is said");
}

}  // namespace

std::string metrics_text(const MetricsReport& report, const MetricsTextOptions& options) {
  std::vector<MetricLine> lines;
  std::size_t name = 0, value = 0;
  for (const Metric& m : report.metrics) {
    if (!m.value) continue;
    const Metric* before = options.before == nullptr ? nullptr : same_metric(*options.before, m.name);
    if (before != nullptr && *before->value == *m.value) continue;
    lines.push_back(line_of(m));
    if (before != nullptr) {
      const std::string grew = growth_text(*before, m);
      if (!grew.empty())
        lines.back().note = grew + (lines.back().note.empty() ? "" : "  " + lines.back().note);
    }
    name = std::max(name, lines.back().name.size());
    value = std::max(value, lines.back().value.size());
  }
  std::string out = wrapped(head(report, options, lines.size()), options.width, 2);
  for (const MetricLine& l : lines) {
    std::string text = pad_right(l.name, name) + "  " + pad_left(l.value, value);
    if (!l.note.empty() && display_width(text) + 2 + display_width(l.note) <= options.width) {
      text += "  " + l.note;
    } else if (!l.note.empty()) {
      text.resize(text.find_last_not_of(' ') + 1);
      text += "\n        " + l.note;
    }
    text.resize(text.find_last_not_of(' ') + 1);
    out += text + "\n";
  }
  if (options.before != nullptr) return out;
  bool first = true;
  for (const Metric& m : report.metrics) {
    if (m.value) continue;
    if (first) out += "\nnot available\n";
    first = false;
    out += wrapped(fmt::format("{}: {}", m.name, m.missing), options.width, 2);
  }
  return out;
}

}  // namespace gorotrace
