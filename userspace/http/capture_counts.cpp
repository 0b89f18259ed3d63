#include "http/capture_counts.h"

#include "base/clock.h"

namespace gorotrace {

void CaptureCounts::ended(CaptureKind kind, CaptureEnd end) {
  const std::lock_guard lock(mutex_);
  ++ended_[{kind, end}];
}

void CaptureCounts::refused(CaptureRefusal why) {
  const std::lock_guard lock(mutex_);
  ++refused_[why];
}

void CaptureCounts::took(CaptureKind kind, const StatFacts& facts, std::uint64_t now_ns) {
  const std::lock_guard lock(mutex_);
  Cost& cost = costs_[kind];
  cost.traced_ns += since(facts.end_ns != 0 ? facts.end_ns : now_ns, facts.begin_ns);
  cost.hits += facts.cost.hits;
  cost.charged_ns += facts.cost.charged_ns;
}

// All that there may be from the start on: a counter that appears with its first event shows no rise.
std::vector<MetricFamily> CaptureCounts::families(bool running) const {
  using enum MetricType;
  MetricFamily runs{"gorotrace_capture_runs_total",
                    "Captures that were asked for over HTTP and begun, by what ended them.",
                    kCounter,
                    {}};
  MetricFamily refused{
      "gorotrace_capture_refused_total", "Captures that were asked for over HTTP and refused.", kCounter, {}};
  MetricFamily seconds{
      "gorotrace_capture_seconds_total", "Time in which probes were attached for captures.", kCounter, {}};
  MetricFamily hits{"gorotrace_capture_hits_total", "Hits of these probes.", kCounter, {}};
  MetricFamily cost{
      "gorotrace_capture_cost_cpu_seconds_total",
      "CPU time of targets that captures took, estimated from hits; not part of the always-on budget.",
      kCounter,
      {}};
  const std::lock_guard lock(mutex_);
  const auto count = [](const auto& counts, const auto& key) {
    const auto found = counts.find(key);
    return found == counts.end() ? 0.0 : static_cast<double>(found->second);
  };
  for (const auto& [kind, name] : kEnumNames<CaptureKind>) {
    for (const auto& [end, how] : kEnumNames<CaptureEnd>)
      runs.add(count(ended_, std::pair(kind, end)), {{"kind", name}, {"end", how}});
    const auto found = costs_.find(kind);
    const Cost of = found == costs_.end() ? Cost{} : found->second;
    seconds.add(static_cast<double>(of.traced_ns) / 1e9, {{"kind", name}});
    hits.add(static_cast<double>(of.hits), {{"kind", name}});
    cost.add(of.charged_ns / 1e9, {{"kind", name}});
  }
  for (const auto& [why, name] : kEnumNames<CaptureRefusal>)
    refused.add(count(refused_, why), {{"reason", name}});
  MetricFamily now{"gorotrace_capture_running", "Captures that go on now: one at most.", kGauge, {}};
  now.add(running ? 1 : 0);
  return {std::move(runs), std::move(refused), std::move(seconds),
          std::move(hits), std::move(cost),    std::move(now)};
}

}  // namespace gorotrace
