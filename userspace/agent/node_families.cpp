#include "agent/node_families.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"

namespace gorotrace {
namespace {

MetricLabels info_labels(const AgentTarget& target) {
  return {{"pid", fmt::format("{}", target.pid)},
          {"executable", target.executable},
          {"runtime_file", target.runtime_file()},
          {"go_version", target.go_version},
          {"module", target.module},
          {"module_version", target.module_version},
          {"user", target.user},
          {"container", target.container.shown()},
          {"pod", target.container.pod},
          {"namespace", target.container.name_space}};
}

}  // namespace

void add_node_families(std::vector<MetricFamily>& families, const NodeFigures& node,
                       const std::vector<AgentTarget>& targets) {
  MetricFamily states{"gorotrace_agent_targets",
                      "Go processes of this node, by what the agent does with them.",
                      MetricType::kGauge,
                      {}};
  for (const auto& [state, name] : kEnumNames<WatchState>)
    states.add(static_cast<double>(std::ranges::count(targets, state, &AgentTarget::state)),
               {{"state", name}});
  families.push_back(std::move(states));

  const auto counter = [&](const char* name, const char* help, double value, MetricLabels labels = {}) {
    families.push_back(MetricFamily{name, help, MetricType::kCounter, {}}.add(value, std::move(labels)));
  };
  const auto count = [](std::uint64_t value) { return static_cast<double>(value); };
  counter("gorotrace_agent_executed_programs_total", "Programs whose execution the kernel told of.",
          count(node.discovery.executed));
  counter("gorotrace_agent_short_lived_programs_total",
          "Of these, programs that ended before the agent looked at them, within 250 ms.",
          count(node.discovery.short_lived));
  counter("gorotrace_events_lost_total",
          "Executions that the agent did not learn of when they happened; a scan of /proc follows.",
          count(node.discovery.lost), {{"source", "exec"}});
  counter("gorotrace_agent_scans_total", "Scans of /proc for processes that are not known.",
          count(node.discovery.scans));
  counter("gorotrace_agent_inspections_total",
          "Processes that the agent looked at, to see whether they are Go.", count(node.discovery.looked_at));
  counter("gorotrace_agent_grown_processes_total",
          "Processes that it looked at once more, for they had grown by what a Go library takes.",
          count(node.discovery.grown));
  counter("gorotrace_agent_files_examined_total",
          "Executables and libraries that were opened for it; those that are known are not.",
          count(node.files_examined));
  counter("gorotrace_agent_unreadable_processes_total",
          "Readings of processes whose executable the agent may not read.", count(node.unreadable));
  counter("gorotrace_agent_left_out_inspections_total",
          "Samples that were put off, for other processes of the user hold up whoever reads them.",
          count(node.left_out));
  counter("gorotrace_agent_targets_ended_total", "Go processes that were known and are gone.",
          count(node.ended));
  counter("gorotrace_agent_readings_total", "Readings of a target's counters.",
          count(node.readings.readings));
  counter("gorotrace_agent_reading_errors_total", "Of these, readings that failed.",
          count(node.readings.errors));
  counter("gorotrace_agent_late_readings_total", "Readings that were not over when a scrape had to answer.",
          count(node.late));
  counter("gorotrace_agent_reading_cpu_seconds_total", "CPU time of the agent for these readings.",
          in_seconds(node.readings.cpu_ns));
}

void add_target_families(std::vector<MetricFamily>& families, const std::vector<AgentTarget>& targets,
                         std::uint64_t now_ns, bool with_id) {
  const auto add = [&](const char* name, const char* help, MetricType type, const auto& value_of,
                       const MetricLabels& more = {}) {
    MetricFamily family{name, help, type, {}};
    for (const AgentTarget& target : targets) {
      if (target.read_ns == 0) continue;
      const std::optional<double> value = value_of(target);
      if (!value) continue;
      MetricLabels labels;
      if (with_id) labels.emplace_back("target", target.id);
      labels.insert(labels.end(), more.begin(), more.end());
      family.add(*value, std::move(labels));
    }
    families.push_back(std::move(family));
  };
  const auto field = [](auto member) {
    return [member](const AgentTarget& target) -> std::optional<double> {
      const auto& value = target.*member;
      return value ? std::optional(static_cast<double>(*value)) : std::nullopt;
    };
  };

  MetricFamily info{"gorotrace_target_info", "A watched Go process; always 1.", MetricType::kGauge, {}};
  for (const AgentTarget& target : targets) {
    if (target.state != WatchState::kWatched) continue;
    MetricLabels labels = info_labels(target);
    if (with_id) labels.emplace(labels.begin(), "target", target.id);
    info.add(1, std::move(labels));
  }
  families.push_back(std::move(info));

  using enum MetricType;
  add("gorotrace_goroutines", "Goroutines that exist, without the runtime's own.", kGauge,
      field(&AgentTarget::goroutines));
  add("gorotrace_goroutines_created_total", "Goroutines ever created, the runtime's own included.", kCounter,
      field(&AgentTarget::created));
  add("gorotrace_goroutines_exited_total", "Of these, goroutines that ended.", kCounter,
      field(&AgentTarget::exited));
  add("gorotrace_syscalls_total",
      "System calls by way of the runtime: an upper bound, at most twice the true count.", kCounter,
      field(&AgentTarget::syscalls), {{"quality", "bound"}});
  add("gorotrace_reading_age_seconds",
      "How old these figures are: a reading that is dear is made less often.", kGauge,
      [now_ns](const AgentTarget& target) -> std::optional<double> {
        return in_seconds(since(now_ns, target.read_ns));
      });
  add("gorotrace_target_agent_cpu_seconds_total",
      "CPU time of the agent for reading this target, which pays nothing itself.", kCounter,
      [](const AgentTarget& target) -> std::optional<double> { return in_seconds(target.cost_cpu_ns); });
}

}  // namespace gorotrace
