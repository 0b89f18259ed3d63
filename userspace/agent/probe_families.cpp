#include "agent/probe_families.h"

#include <utility>

namespace gorotrace {

void add_probe_families(std::vector<MetricFamily>& families,
                        const std::map<std::string, ProbeFigures>& targets, bool with_id) {
  const auto counter = [&](const char* name, const char* help, std::uint64_t ProbeFigures::* figure,
                           double unit, const MetricLabels& more = {}) {
    MetricFamily out{name, help, MetricType::kCounter, {}};
    for (const auto& [id, figures] : targets) {
      MetricLabels labels;
      if (with_id) labels.emplace_back("target", id);
      labels.insert(labels.end(), more.begin(), more.end());
      out.add(static_cast<double>(figures.*figure) / unit, std::move(labels));
    }
    families.push_back(std::move(out));
  };
  constexpr double kNsPerSecond = 1e9;
  counter("gorotrace_target_cost_cpu_seconds_total",
          "CPU time that the target paid for its probes: hits at the calibrated cost of a trap, and the "
          "programs.",
          &ProbeFigures::charged_ns, kNsPerSecond, {{"quality", "estimated"}});
  counter("gorotrace_target_traced_cpu_seconds_total", "CPU time of the target while it could have probes.",
          &ProbeFigures::target_cpu_ns, kNsPerSecond);
  counter("gorotrace_probed_seconds_total", "For so long the probes that tell of waits were on.",
          &ProbeFigures::covered_ns, kNsPerSecond);
  counter("gorotrace_probe_hits_total", "Hits of the target's probes.", &ProbeFigures::hits, 1);
  counter("gorotrace_probe_events_total", "Events that its probes produced.", &ProbeFigures::events, 1);
  counter("gorotrace_probe_events_lost_total", "Of these, events that did not arrive.", &ProbeFigures::lost,
          1);
}

}  // namespace gorotrace
