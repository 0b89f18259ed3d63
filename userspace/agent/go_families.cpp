#include "agent/go_families.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <set>
#include <string_view>
#include <utility>
#include <variant>

namespace gorotrace {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// A default family of client_golang that is a sum of entries of runtime/metrics.
struct Sum {
  const char* name;
  MetricType type;
  const char* what;  // of HELP, which goes on with the entries
  std::initializer_list<const char*> of;
};
constexpr const char* kFree = "/memory/classes/heap/free:bytes";
constexpr const char* kObjects = "/memory/classes/heap/objects:bytes";
constexpr const char* kReleased = "/memory/classes/heap/released:bytes";
constexpr const char* kUnused = "/memory/classes/heap/unused:bytes";
constexpr const char* kTiny = "/gc/heap/tiny/allocs:objects";

const Sum kSums[] = {
    {"go_gc_gogc_percent",
     MetricType::kGauge,
     "Heap size target percentage, see debug.SetGCPercent",
     {"/gc/gogc:percent"}},
    {"go_gc_gomemlimit_bytes",
     MetricType::kGauge,
     "Go runtime memory limit, see debug.SetMemoryLimit",
     {"/gc/gomemlimit:bytes"}},
    {"go_memstats_alloc_bytes",
     MetricType::kGauge,
     "Number of bytes allocated in heap and currently in use",
     {kObjects}},
    {"go_memstats_alloc_bytes_total",
     MetricType::kCounter,
     "Total number of bytes allocated in heap until now, even if released already",
     {"/gc/heap/allocs:bytes"}},
    {"go_memstats_buck_hash_sys_bytes",
     MetricType::kGauge,
     "Number of bytes used by the profiling bucket hash table",
     {"/memory/classes/profiling/buckets:bytes"}},
    {"go_memstats_frees_total",
     MetricType::kCounter,
     "Total number of heap objects frees",
     {"/gc/heap/frees:objects", kTiny}},
    {"go_memstats_gc_sys_bytes",
     MetricType::kGauge,
     "Number of bytes used for garbage collection system metadata",
     {"/memory/classes/metadata/other:bytes"}},
    {"go_memstats_heap_alloc_bytes",
     MetricType::kGauge,
     "Number of heap bytes allocated and currently in use, same as go_memstats_alloc_bytes",
     {kObjects}},
    {"go_memstats_heap_idle_bytes",
     MetricType::kGauge,
     "Number of heap bytes waiting to be used",
     {kReleased, kFree}},
    {"go_memstats_heap_inuse_bytes",
     MetricType::kGauge,
     "Number of heap bytes that are in use",
     {kObjects, kUnused}},
    {"go_memstats_heap_objects",
     MetricType::kGauge,
     "Number of currently allocated objects",
     {"/gc/heap/objects:objects"}},
    {"go_memstats_heap_released_bytes",
     MetricType::kGauge,
     "Number of heap bytes released to OS",
     {kReleased}},
    {"go_memstats_heap_sys_bytes",
     MetricType::kGauge,
     "Number of heap bytes obtained from system",
     {kObjects, kUnused, kReleased, kFree}},
    {"go_memstats_mallocs_total",
     MetricType::kCounter,
     "Total number of heap objects allocated, both live and gc-ed",
     {"/gc/heap/allocs:objects", kTiny}},
    {"go_memstats_mcache_inuse_bytes",
     MetricType::kGauge,
     "Number of bytes in use by mcache structures",
     {"/memory/classes/metadata/mcache/inuse:bytes"}},
    {"go_memstats_mcache_sys_bytes",
     MetricType::kGauge,
     "Number of bytes used for mcache structures obtained from system",
     {"/memory/classes/metadata/mcache/inuse:bytes", "/memory/classes/metadata/mcache/free:bytes"}},
    {"go_memstats_mspan_inuse_bytes",
     MetricType::kGauge,
     "Number of bytes in use by mspan structures",
     {"/memory/classes/metadata/mspan/inuse:bytes"}},
    {"go_memstats_mspan_sys_bytes",
     MetricType::kGauge,
     "Number of bytes used for mspan structures obtained from system",
     {"/memory/classes/metadata/mspan/inuse:bytes", "/memory/classes/metadata/mspan/free:bytes"}},
    {"go_memstats_next_gc_bytes",
     MetricType::kGauge,
     "Number of heap bytes when next garbage collection will take place",
     {"/gc/heap/goal:bytes"}},
    {"go_memstats_other_sys_bytes",
     MetricType::kGauge,
     "Number of bytes used for other system allocations",
     {"/memory/classes/other:bytes"}},
    {"go_memstats_stack_inuse_bytes",
     MetricType::kGauge,
     "Number of bytes obtained from system for stack allocator in non-CGO environments",
     {"/memory/classes/heap/stacks:bytes"}},
    {"go_memstats_stack_sys_bytes",
     MetricType::kGauge,
     "Number of bytes obtained from system for stack allocator",
     {"/memory/classes/heap/stacks:bytes", "/memory/classes/os-stacks:bytes"}},
    {"go_memstats_sys_bytes",
     MetricType::kGauge,
     "Number of bytes obtained from system",
     {"/memory/classes/total:bytes"}},
    {"go_sched_gomaxprocs_threads",
     MetricType::kGauge,
     "The current runtime.GOMAXPROCS setting, or the number of operating system threads that can execute "
     "user-level Go code simultaneously",
     {"/sched/gomaxprocs:threads"}},
};

// A counter that moved while it was read is shown as it was at the first look: it never goes back.
const MetricValue* value_of(const Metric& metric) {
  if (metric.low) return &*metric.low;
  return metric.value ? &*metric.value : nullptr;
}

std::optional<double> number_of(const Metric& metric) {
  const MetricValue* value = value_of(metric);
  if (value == nullptr) return std::nullopt;
  if (const auto* integer = std::get_if<std::uint64_t>(value)) return static_cast<double>(*integer);
  if (const auto* real = std::get_if<double>(value)) return *real;
  return std::nullopt;
}

const Metric* metric_named(const std::vector<Metric>& metrics, std::string_view name) {
  const auto found = std::ranges::lower_bound(metrics, name, {}, &Metric::name);
  return found != metrics.end() && found->name == name ? &*found : nullptr;
}

void add_sum(std::vector<MetricFamily>& families, const Sum& sum, const std::vector<Metric>& metrics) {
  double value = 0;
  for (const char* name : sum.of) {
    const Metric* metric = metric_named(metrics, name);
    const auto part = metric != nullptr ? number_of(*metric) : std::nullopt;
    if (!part) return;
    value += *part;
  }
  std::string help = sum.what;
  const char* between = ". Equals to ";
  for (const char* name : sum.of) help.append(std::exchange(between, " + ")).append(name);
  families.push_back(MetricFamily{sum.name, help + ".", sum.type, {}}.add(value));
}

void add_pauses(std::vector<MetricFamily>& families, const GcPauses& pauses) {
  constexpr std::size_t kQuarters = 4;
  constexpr const char* kQuantiles[] = {"0", "0.25", "0.5", "0.75", "1"};
  MetricFamily& family = families.emplace_back(
      MetricFamily{"go_gc_duration_seconds",
                   "A summary of the wall-time pause (stop-the-world) duration in garbage collection cycles.",
                   MetricType::kSummary,
                   {}});
  const auto seconds = [](std::uint64_t ns) { return static_cast<double>(ns) / 1e9; };
  for (std::size_t i = 0; i <= kQuarters; ++i) {  // runtime/debug/garbage.go ReadGCStats
    const std::size_t at = i < kQuarters ? pauses.last.size() * i / kQuarters : pauses.last.size() - 1;
    family.add(pauses.last.empty() ? 0 : seconds(pauses.last[at]), {{"quantile", kQuantiles[i]}});
  }
  family.samples.push_back({"_sum", {}, seconds(pauses.total_ns)});
  family.samples.push_back({"_count", {}, static_cast<double>(pauses.collections)});
  families.push_back(MetricFamily{
      "go_memstats_last_gc_time_seconds",
      "Number of seconds since 1970 of last garbage collection.",
      MetricType::kGauge,
      {}}.add(seconds(pauses.last_gc_unix_ns)));
}

bool is_a_sum(std::string_view family) {
  static const std::set<std::string_view> kNames = [] {
    std::set<std::string_view> names;
    for (const Sum& sum : kSums) names.insert(sum.name);
    return names;
  }();
  return kNames.contains(family);
}

// "/sched/latencies:seconds" -> "go_sched_latencies_seconds" (internal/go_runtime_metrics.go).
std::string family_name(const Metric& metric, bool histogram) {
  std::string name = "go" + metric.name;
  std::ranges::replace_if(name, [](char c) { return c == '/' || c == '-' || c == ':' || c == '.'; }, '_');
  return metric.cumulative && !histogram ? name + "_total" : name;
}

// prometheus/go_collector_latest.go batchHistogram.
void add_histogram(MetricFamily& family, const Float64Histogram& histogram, const std::string& unit,
                   std::optional<double> exact_sum) {
  std::vector<double> bounds = fewer_buckets(histogram.buckets, unit);
  if (!bounds.empty() && bounds.front() == -kInfinity) bounds.erase(bounds.begin());
  if (bounds.size() < 2) return;
  std::vector<double> counts(bounds.size() - 1);
  for (std::size_t i = 0, j = 0; i < histogram.counts.size() && j < counts.size(); ++i) {
    counts[j] += static_cast<double>(histogram.counts[i]);
    if (histogram.buckets[i + 1] == bounds[j + 1]) ++j;
  }
  family.samples.reserve(counts.size() + 2);
  double total = 0, sum = 0;  // of lower bounds: less than the true one, as there
  for (std::size_t i = 0; i < counts.size(); ++i) {
    total += counts[i];
    if (counts[i] != 0) sum += bounds[i] * counts[i];
    if (bounds[i + 1] == kInfinity) break;
    family.samples.push_back(
        {"_bucket", {{"le", fmt::format("{}", std::nextafter(bounds[i + 1], bounds[i]))}}, total});
  }
  family.samples.push_back({"_bucket", {{"le", "+Inf"}}, total});
  family.samples.push_back({"_sum", {}, exact_sum.value_or(sum)});
  family.samples.push_back({"_count", {}, total});
}

// Of the two histograms whose sum is an entry of its own (go_collector_latest.go, rmExactSumMap).
std::optional<double> exact_sum(const Metric& histogram, const std::vector<Metric>& metrics) {
  const char* of = histogram.name == "/gc/heap/allocs-by-size:bytes"  ? "/gc/heap/allocs:bytes"
                   : histogram.name == "/gc/heap/frees-by-size:bytes" ? "/gc/heap/frees:bytes"
                                                                      : nullptr;
  const Metric* const sum = of != nullptr ? metric_named(metrics, of) : nullptr;
  return sum != nullptr ? number_of(*sum) : std::nullopt;
}

void add_runtime_metric(std::vector<MetricFamily>& families, const Metric& metric,
                        const std::vector<Metric>& metrics) {
  const MetricValue* value = value_of(metric);
  if (value == nullptr) return;
  const auto* histogram = std::get_if<Float64Histogram>(value);
  MetricFamily family{family_name(metric, histogram != nullptr),
                      metric.name + " of runtime/metrics.",
                      metric.cumulative ? MetricType::kCounter : MetricType::kGauge,
                      {}};
  if (is_a_sum(family.name)) return;
  if (histogram != nullptr) {
    family.type = MetricType::kHistogram;
    add_histogram(family, *histogram, metric.unit(), exact_sum(metric, metrics));
  } else if (const auto number = number_of(metric)) {
    family.add(*number);
  }
  families.push_back(std::move(family));
}

std::vector<double> each_at_least(const std::vector<double>& buckets, double base) {
  std::vector<double> out;
  std::size_t i = 0;
  if (buckets.front() == -kInfinity) out.push_back(buckets[i++]);
  if (i == buckets.size()) return out;
  double bucket = buckets[i];
  for (++i; i < buckets.size(); ++i) {
    if (bucket >= 0 ? buckets[i] < bucket * base : buckets[i] < bucket / base) continue;
    out.push_back(bucket);
    bucket = buckets[i];
  }
  out.push_back(bucket);
  return out;
}

}  // namespace

std::vector<double> fewer_buckets(const std::vector<double>& buckets, const std::string& unit) {
  if (buckets.empty()) return {};
  if (unit == "bytes") return each_at_least(buckets, 2);
  if (unit != "seconds") return buckets;
  std::vector<double> out = each_at_least(buckets, 10);
  const auto great = std::ranges::find_if(out, [](double bound) { return bound > 1; });
  if (great != out.end()) {
    *great = kInfinity;
    out.erase(great + 1, out.end());
  }
  return out;
}

void add_go_families(std::vector<MetricFamily>& families, const GoFigures& figures) {
  const auto add = [&](const char* name, const char* help, std::optional<double> value,
                       MetricLabels labels = {}) {
    if (value)
      families.push_back(MetricFamily{name, help, MetricType::kGauge, {}}.add(*value, std::move(labels)));
  };
  families.reserve(families.size() + std::size(kSums) + figures.metrics.size());
  if (figures.pauses) add_pauses(families, *figures.pauses);
  if (figures.goroutines)
    add("go_goroutines", "Number of goroutines that currently exist.",
        static_cast<double>(*figures.goroutines));
  add("go_info", "Information about the Go environment.", 1, {{"version", figures.version}});
  if (figures.threads)
    add("go_threads", "Number of OS threads created.", static_cast<double>(*figures.threads));
  for (const Sum& sum : kSums) add_sum(families, sum, figures.metrics);
  for (const Metric& metric : figures.metrics) {
    if (metric.name.starts_with("/sched/") || metric.name.starts_with("/gc/") ||
        metric.name.starts_with("/sync/"))
      add_runtime_metric(families, metric, figures.metrics);
  }
}

std::optional<double> runtime_number(const std::vector<Metric>& metrics, const char* entry) {
  const Metric* metric = metric_named(metrics, entry);
  return metric != nullptr ? number_of(*metric) : std::nullopt;
}

void add_runtime_histogram(MetricFamily& family, const std::vector<Metric>& metrics, const char* entry) {
  const Metric* metric = metric_named(metrics, entry);
  const MetricValue* value = metric != nullptr ? value_of(*metric) : nullptr;
  const auto* histogram = value != nullptr ? std::get_if<Float64Histogram>(value) : nullptr;
  if (histogram != nullptr) add_histogram(family, *histogram, metric->unit(), std::nullopt);
}

}  // namespace gorotrace
