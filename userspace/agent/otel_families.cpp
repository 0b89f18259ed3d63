#include "agent/otel_families.h"

#include <limits>
#include <optional>
#include <utility>

namespace gorotrace {
namespace {

struct OfOneEntry {
  const char* name;
  MetricType type;
  const char* help;
  const char* entry;
};

const OfOneEntry kEntries[] = {
    {"go_memory_allocated_bytes_total", MetricType::kCounter,
     "Memory allocated to the heap by the application.", "/gc/heap/allocs:bytes"},
    {"go_memory_allocations_total", MetricType::kCounter,
     "Count of allocations to the heap by the application.", "/gc/heap/allocs:objects"},
    {"go_memory_gc_goal_bytes", MetricType::kGauge, "Heap size target for the end of the GC cycle.",
     "/gc/heap/goal:bytes"},
    {"go_goroutine_count", MetricType::kGauge, "Count of live goroutines.", "/sched/goroutines:goroutines"},
    {"go_processor_limit", MetricType::kGauge,
     "The number of OS threads that can execute user-level Go code simultaneously.",
     "/sched/gomaxprocs:threads"},
    {"go_config_gogc_percent", MetricType::kGauge,
     "Heap size target percentage configured by the user, otherwise 100.", "/gc/gogc:percent"},
};

}  // namespace

void add_otel_families(std::vector<MetricFamily>& families, const GoFigures& figures) {
  const auto of = [&](const char* entry) { return runtime_number(figures.metrics, entry); };
  const auto stacks = of("/memory/classes/heap/stacks:bytes"), total = of("/memory/classes/total:bytes"),
             released = of("/memory/classes/heap/released:bytes");
  MetricFamily used{"go_memory_used_bytes", "Memory used by the Go runtime.", MetricType::kGauge, {}};
  if (stacks) used.add(*stacks, {{"go_memory_type", "stack"}});
  if (stacks && total && released) used.add(*total - *released - *stacks, {{"go_memory_type", "other"}});
  families.push_back(std::move(used));

  // runtime/debug.SetMemoryLimit: the greatest int64 is none.
  constexpr auto kNoLimit = static_cast<double>(std::numeric_limits<std::int64_t>::max());
  if (const auto limit = of("/gc/gomemlimit:bytes"); limit && *limit < kNoLimit) {
    families.push_back(MetricFamily{
        "go_memory_limit_bytes",
        "Go runtime memory limit configured by the user, if a limit exists.",
        MetricType::kGauge,
        {}}.add(*limit));
  }
  for (const OfOneEntry& one : kEntries) {
    if (const auto value = of(one.entry))
      families.push_back(MetricFamily{one.name, one.help, one.type, {}}.add(*value));
  }
  MetricFamily latency{
      "go_schedule_duration_seconds",
      "The time goroutines have spent in the scheduler in a runnable state before actually running.",
      MetricType::kHistogram,
      {}};
  add_runtime_histogram(latency, figures.metrics, "/sched/latencies:seconds");
  families.push_back(std::move(latency));
}

}  // namespace gorotrace
