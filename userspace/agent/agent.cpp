#include "agent/agent.h"

#include <fmt/format.h>
#include <unistd.h>

#include <mutex>
#include <thread>
#include <utility>

#include "agent/network_traffic.h"
#include "agent/node_sampling.h"
#include "agent/node_watch.h"
#include "agent/otel_families.h"
#include "agent/probe_families.h"
#include "agent/process_figures.h"
#include "agent/readings.h"
#include "agent/sampled_families.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/thread_name.h"

namespace gorotrace {

class Agent::Impl {
 public:
  explicit Impl(AgentConfig config) { take(std::move(config)); }
  ~Impl() { stop(); }

  [[nodiscard]] Status start() {
    auto watch = NodeWatch::make(state_, readings_.over());
    if (!watch) return std::unexpected(watch.error());
    auto sampling = NodeSampling::make(state_);
    if (!sampling) return std::unexpected(sampling.error());
    watch_ = *std::move(watch);
    sampling_ = *std::move(sampling);
    thread_ = std::thread([this] {
      name_thread("gt-watch");
      watch_->run();
    });
    sampling_thread_ = std::thread([this] {
      name_thread("gt-sampling");
      sampling_->run();
    });
    return {};
  }

  void stop() {
    if (!thread_.joinable()) return;
    watch_->stop();
    sampling_->stop();
    thread_.join();
    sampling_thread_.join();
  }

  void take(AgentConfig config) {
    const std::lock_guard lock(state_->mutex);
    state_->rules = std::make_shared<const std::vector<AgentRule>>(std::move(config.rules));
    state_->settings = {config.agent_percent, config.target_percent, config.node_percent, config.probes};
    state_->top_sites = config.top_sites;
    state_->otel_names = config.otel_names;
  }

  void reload(AgentConfig config) {
    take(std::move(config));
    watch_->reload();
  }

  [[nodiscard]] NodeState& state() { return *state_; }
  // Reads counters that are not young, as far as they come in time.
  void refresh(const std::vector<KnownTarget>& known);
  [[nodiscard]] const NodeSampling& sampling() const { return *sampling_; }
  [[nodiscard]] std::vector<MetricFamily> metrics();
  [[nodiscard]] Result<std::vector<MetricFamily>> target_metrics(std::string_view id);
  [[nodiscard]] Result<std::string> stat(std::string_view id);

 private:
  // Of the table, and watched.
  [[nodiscard]] Result<KnownTarget> watched(std::string_view id) const;

  // What a target waits for its next reading, for each ns of CPU time that the last one took: all have the
  // same part of the agent's share, of which each of the two kinds of reading has a third, sampling the
  // other.
  [[nodiscard]] double ns_per_cpu_ns() const {
    const auto watched = static_cast<double>(state_->table.watched());
    const std::lock_guard lock(state_->mutex);
    constexpr double kKinds = 3;
    return kKinds * watched / (state_->settings.agent_percent / 100);
  }

  [[nodiscard]] bool otel_names() const {
    const std::lock_guard lock(state_->mutex);
    return state_->otel_names;
  }
  [[nodiscard]] std::size_t top_sites() const {
    const std::lock_guard lock(state_->mutex);
    return state_->top_sites;
  }

  const std::shared_ptr<NodeState> state_ = std::make_shared<NodeState>();
  Readings readings_;
  NetworkTraffic traffic_;
  std::unique_ptr<NodeWatch> watch_;
  std::unique_ptr<NodeSampling> sampling_;
  std::thread thread_, sampling_thread_;
};

void Agent::Impl::refresh(const std::vector<KnownTarget>& known) {
  std::vector<std::shared_ptr<WatchedTarget>> watched;
  for (const KnownTarget& target : known) {
    if (target.watched) watched.push_back(target.watched);
  }
  const std::size_t late = readings_.refresh(watched, ReadingKind::kCounters, ns_per_cpu_ns(), kPatience);
  const std::lock_guard lock(state_->mutex);
  state_->figures.late += late;
}

std::vector<MetricFamily> Agent::Impl::metrics() {
  std::vector<KnownTarget> known = state_->table.all();
  refresh(known);
  NodeFigures node;
  {
    const std::lock_guard lock(state_->mutex);
    node = state_->figures;
  }
  node.readings = state_->table.totals();
  node.files_examined = state_->caches.files.examined() + state_->caches.libraries.examined();

  std::vector<AgentTarget> targets;
  for (const KnownTarget& target : known) targets.push_back(shown_target(target));
  sampling_->add_to(targets);
  std::vector<MetricFamily> families;
  add_node_families(families, node, targets);
  add_target_families(families, targets, monotonic_ns(), true);
  add_sampled_families(families, sampling_->figures(top_sites()), monotonic_ns(), true);
  add_probe_families(families, sampling_->probe_figures(), true);
  if (const auto self = read_process_figures(::getpid(), traffic_)) add_process_families(families, *self);
  return families;
}

Result<KnownTarget> Agent::Impl::watched(std::string_view id) const {
  const std::string shown = printable(id, 64);
  auto known = state_->table.find(id);
  if (!known) return fail(ErrorKind::kNoProcess, fmt::format("no Go process {} is known", shown));
  const AgentTarget& info = known->info;
  if (!known->watched)
    return fail(ErrorKind::kUnsupported,
                fmt::format("process {} is not watched: {}: {}", shown, name_of(info.state), info.reason));
  return *std::move(known);
}

Result<std::string> Agent::Impl::stat(std::string_view id) {
  const auto known = watched(id);
  if (!known) return std::unexpected(known.error());
  return sampling_->summary(known->info.id, kStatPatience);
}

Result<std::vector<MetricFamily>> Agent::Impl::target_metrics(std::string_view id) {
  const auto known = watched(id);
  if (!known) return std::unexpected(known.error());
  const AgentTarget& info = known->info;
  const std::size_t late =
      readings_.refresh({known->watched}, ReadingKind::kMetrics, ns_per_cpu_ns(), kPatience);
  const TargetFigures figures = known->watched->figures();
  if (late != 0) {
    {
      const std::lock_guard lock(state_->mutex);
      ++state_->figures.late;
    }
    return fail(ErrorKind::kFailed, fmt::format("process {} does not let its memory be read within {} ms",
                                                info.id, kPatience.count()));
  }
  if (!figures.error.empty()) return fail(ErrorKind::kFailed, figures.error);
  std::vector<MetricFamily> families;
  (otel_names() ? add_otel_families : add_go_families)(families, *known->watched->go_figures());
  const auto process = read_process_figures(info.pid, traffic_);
  if (!process) return std::unexpected(process.error());
  add_process_families(families, *process);
  std::vector<AgentTarget> shown = {shown_target(*known, figures)};
  sampling_->add_to(shown);
  add_target_families(families, shown, monotonic_ns(), false);
  add_sampled_families(families, sampling_->figures(top_sites(), info.id), monotonic_ns(), false);
  add_probe_families(families, sampling_->probe_figures(info.id), false);
  return families;
}

Agent::Agent(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Agent::~Agent() = default;

Result<std::unique_ptr<Agent>> Agent::start(AgentConfig config) {
  auto impl = std::make_shared<Impl>(std::move(config));
  if (auto started = impl->start(); !started) return std::unexpected(started.error());
  return std::unique_ptr<Agent>(new Agent(std::move(impl)));
}

void Agent::stop() {
  impl_->stop();
}

void Agent::reload(AgentConfig config) {
  impl_->reload(std::move(config));
}

bool Agent::ready() const {
  const std::lock_guard lock(impl_->state().mutex);
  return impl_->state().ready;
}

std::vector<std::string> Agent::notices() const {
  const std::lock_guard lock(impl_->state().mutex);
  return impl_->state().notices;
}

std::vector<AgentTarget> Agent::targets() const {
  std::vector<AgentTarget> out;
  for (const KnownTarget& known : impl_->state().table.all()) out.push_back(shown_target(known));
  impl_->sampling().add_to(out);
  return out;
}

void Agent::refresh() {
  impl_->refresh(impl_->state().table.all());
}

std::optional<AgentTarget> Agent::target(std::string_view id) const {
  const auto known = impl_->state().table.find(id);
  return known ? std::optional(shown_target(*known)) : std::nullopt;
}

Result<std::vector<MetricFamily>> Agent::target_metrics(std::string_view id) {
  return impl_->target_metrics(id);
}

std::vector<MetricFamily> Agent::metrics() {
  return impl_->metrics();
}

Result<std::string> Agent::stat(std::string_view id) {
  return impl_->stat(id);
}

BinaryCache& Agent::binaries() {
  return impl_->state().caches.binaries;
}

}  // namespace gorotrace
