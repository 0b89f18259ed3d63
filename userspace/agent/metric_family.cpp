#include "agent/metric_family.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>
#include <set>

#include "base/number.h"
#include "base/utf8.h"

namespace gorotrace {
namespace {

constexpr std::string_view kOpenMetricsType = "application/openmetrics-text; version=1.0.0; charset=utf-8";
constexpr std::string_view kTextType = "text/plain; version=0.0.4; charset=utf-8";
constexpr std::string_view kTotal = "_total";
constexpr double kMostDigits = 1e15;         // whole numbers from 1e16 on have an exponent
constexpr std::size_t kBytesOfSample = 128;  // about, with its part of what is said of the family

// Of HELP: backslash and line feed (text 0.0.4); OpenMetrics and all label values: quotation marks, too. What
// escapes nothing in a parser, such as a carriage return, stays.
void append_escaped(std::string& out, std::string_view text, bool quotes) {
  const auto plain = [](char c) { return c >= ' ' && c <= '~' && c != '\\' && c != '"'; };
  while (!text.empty()) {
    const auto special = std::ranges::find_if_not(text, plain);
    out.append(text.begin(), special);
    text.remove_prefix(static_cast<std::size_t>(special - text.begin()));
    if (text.empty()) break;
    const std::size_t length = utf8_length(text);
    if (length == 0) {
      out += kReplacementCharacter;
    } else if (text[0] == '\\') {
      out += "\\\\";
    } else if (text[0] == '\n') {
      out += "\\n";
    } else if (text[0] == '"' && quotes) {
      out += "\\\"";
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
}

// As Go's strconv prints them, which reads them, too.
void append_value(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else if (value == std::floor(value) && std::abs(value) < kMostDigits && !std::signbit(value)) {
    const fmt::format_int digits(static_cast<std::uint64_t>(value));  // as below, and ten times as fast
    out.append(digits.data(), digits.size());
  } else {
    fmt::format_to(std::back_inserter(out), "{}", value);
  }
}

void append_sample(std::string& out, const std::string& name, const MetricSample& sample) {
  out += name;
  out += sample.suffix;
  const char* before = "{";
  for (const auto& [label, value] : sample.labels) {
    out += before;
    out += label;
    out += "=\"";
    append_escaped(out, value, true);
    out += '"';
    before = ",";
  }
  if (!sample.labels.empty()) out += '}';
  out += ' ';
  append_value(out, sample.value);
  out += '\n';
}

std::string_view without_total(std::string_view name) {
  return name.ends_with(kTotal) ? name.substr(0, name.size() - kTotal.size()) : name;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// What stands up to the separator; the rest stays in `text`.
std::string_view next_part(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return trimmed(part);
}

}  // namespace

std::string_view content_type(MetricsFormat format) {
  return format == MetricsFormat::kOpenMetrics ? kOpenMetricsType : kTextType;
}

MetricsFormat accepted_format(std::string_view accept) {
  double open_metrics = 0, text = 0;
  while (!accept.empty()) {
    std::string_view range = next_part(accept, ',');
    const std::string_view type = next_part(range, ';');
    double weight = 1;
    bool version_known = true;
    while (!range.empty()) {
      const std::string_view parameter = next_part(range, ';');
      if (parameter.starts_with("q=")) weight = whole_number<double>(parameter.substr(2)).value_or(0);
      if (parameter.starts_with("version=")) version_known = parameter.substr(8) == "1.0.0";
    }
    if (type == "application/openmetrics-text" && version_known)
      open_metrics = std::max(open_metrics, weight);
    if (type == "text/plain") text = std::max(text, weight);
  }
  return open_metrics > 0 && open_metrics >= text ? MetricsFormat::kOpenMetrics
                                                  : MetricsFormat::kPrometheusText;
}

std::string metrics_exposition(const std::vector<MetricFamily>& families, MetricsFormat format) {
  const bool open_metrics = format == MetricsFormat::kOpenMetrics;
  std::set<std::string_view> names;
  if (open_metrics) {
    for (const MetricFamily& family : families) names.insert(family.name);
  }
  std::string out;
  std::size_t samples = 0;
  for (const MetricFamily& family : families) samples += family.samples.size();
  out.reserve(samples * kBytesOfSample);
  for (const MetricFamily& family : families) {
    if (family.samples.empty()) continue;
    std::string_view name = family.name, type = name_of(family.type);
    if (open_metrics && family.type == MetricType::kCounter) {
      // A counter's family there has the name without "_total". client_golang's go_memstats_alloc_bytes is a
      // gauge beside the counter go_memstats_alloc_bytes_total: two families of one name are none, so such a
      // counter keeps its name, of which nothing is said but the value.
      const std::string_view shorter = without_total(name);
      if (shorter != name && !names.contains(shorter)) {
        name = shorter;
      } else {
        type = "unknown";
      }
    }
    out.append("# HELP ").append(name).append(" ");
    append_escaped(out, family.help, open_metrics);
    out.append("\n# TYPE ").append(name).append(" ").append(type).append("\n");
    for (const MetricSample& sample : family.samples) append_sample(out, family.name, sample);
  }
  if (open_metrics) out += "# EOF\n";
  return out;
}

}  // namespace gorotrace
