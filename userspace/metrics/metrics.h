// The metrics of runtime/metrics, names, units and values as metrics.Read gives them in the same version of
// Go (runtime/metrics.go, runtime/metrics/description.go), computed from words read from outside. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/enum_names.h"
#include "metrics/histogram.h"
#include "metrics/words.h"

namespace gorotrace {

using MetricValue = std::variant<std::uint64_t, double, Float64Histogram>;

enum class MetricQuality {
  kExact,      // what metrics.Read would have given between our two last looks
  kBound,      // a counter that moved while it was read: between `low` and `value`
  kEstimated,  // words moved while they were read, and they do not only grow: `value` mixes two moments
};
template <>
inline constexpr auto kEnumNames<MetricQuality> = enum_names<MetricQuality>({
    {MetricQuality::kExact, "exact"},
    {MetricQuality::kBound, "bound"},
    {MetricQuality::kEstimated, "estimated"},
});

struct Metric {
  std::string name;  // "/gc/heap/allocs:bytes"
  bool cumulative = false;
  std::optional<MetricValue> value;  // none: not available, for the reason given in `missing`
  std::optional<MetricValue> low;    // of a bound
  MetricQuality quality = MetricQuality::kExact;
  std::string missing;

  [[nodiscard]] std::string unit() const { return name.substr(name.rfind(':') + 1); }
};

// Every metric that Go 1.minor has, sorted by name; those about /godebug/ are one entry, never available.
[[nodiscard]] std::vector<Metric> metrics_of(const RuntimeWords& words, int minor);

}  // namespace gorotrace
