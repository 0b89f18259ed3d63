#include "agent/inspection.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/text.h"
#include "process/procfs.h"
#include "process/user_ids.h"

namespace gorotrace {
namespace {

constexpr std::size_t kMaxEnvironment = 8u << 20;  // more than an exec takes with the usual limit of a stack

Inspected without_answer(const Error& error) {
  Inspected out;
  if (error.kind == ErrorKind::kPermission) out.what = Inspected::What::kUnknown;
  return out;
}

void refuse(Inspected& out, const Error& error) {
  out.target.state = WatchState::kRefused;
  out.target.reason = error.message;
  out.passing = error.kind == ErrorKind::kFailed || error.kind == ErrorKind::kResources;
}

// False: it is gone.
bool describe(pid_t pid, pid_t task, InspectionCaches& caches, AgentTarget& out) {
  const auto stat_text = procfs::read_file(pid, "stat", 4096), status_text = procfs::read_file(pid, "status");
  const auto stat = stat_text ? procfs::parse_stat(*stat_text) : std::nullopt;
  const auto status = status_text ? procfs::parse_status(*status_text) : std::nullopt;
  if (!stat || !status) return false;
  out.pid = pid;
  out.start_time_ticks = stat->start_time;
  out.id = fmt::format("{}-{}", pid, stat->start_time);
  out.user = user_name(status->uid);
  if (const auto exe = procfs::read_link(task, "exe")) out.executable = printable(*exe);
  if (const auto cgroup = procfs::read_file(task, "cgroup")) {
    out.cgroup = cgroup_path(*cgroup);
    out.container = container_of_cgroups(*cgroup);
    caches.containers.complete(out.container);
  }
  return true;
}

}  // namespace

bool opts_out(std::string_view environment) {
  constexpr std::string_view kOff = "GOROTRACE=off";
  while (!environment.empty()) {
    const std::size_t end = std::min(environment.find('\0'), environment.size());
    if (environment.substr(0, end) == kOff) return true;
    environment.remove_prefix(std::min(end + 1, environment.size()));
  }
  return false;
}

RuleSubject rule_subject(const AgentTarget& target) {
  return {.executable = target.executable,
          .module = target.module,
          .user = target.user,
          .cgroup = target.cgroup,
          .container = target.container.shown(),
          .pod = target.container.pod,
          .name_space = target.container.name_space};
}

Inspected inspect_process(pid_t pid, const std::vector<AgentRule>& rules, InspectionCaches& caches,
                          const std::function<void(const AgentTarget&)>& found) {
  Inspected out;
  const pid_t task = procfs::living_task(pid);
  if (task == 0) return out;
  const auto facts = caches.files.of(procfs::path(task, "exe"));
  if (!facts) return without_answer(facts.error());
  out.what = Inspected::What::kNotGo;
  if (!facts->is_go) return out;

  AgentTarget& target = out.target;
  if (!describe(pid, task, caches, target)) return {};
  out.what = Inspected::What::kGo;
  target.go_version = facts->go_version;
  target.module = facts->module;
  target.module_version = facts->module_version;
  RuleDecision decision = decide(rules, rule_subject(target));
  if (decision.excluded) {
    target.state = WatchState::kExcluded;
    target.reason = *std::move(decision.excluded);
    return out;
  }
  target.probes = decision.probes;
  found(target);

  const auto environment = procfs::read_file(task, "environ", kMaxEnvironment);
  if (!environment) {
    refuse(out, environment.error());
    return out;
  }
  if (opts_out(*environment)) {
    target.state = WatchState::kOptedOut;
    target.reason = "GOROTRACE=off in its environment";
    return out;
  }
  auto opened = Target::open(TargetName(pid), caches.binaries);
  if (!opened) {
    if (opened.error().kind == ErrorKind::kNoProcess) return {};
    refuse(out, opened.error());
    return out;
  }
  // The number may be another process's by now, or its program another one.
  const Process& process = (*opened)->process();
  if (process.start_time_ticks() != target.start_time_ticks || process.liveness() != Liveness::kAlive)
    return {};
  target.go_version = (*opened)->binary().version().text;
  target.state = WatchState::kWatched;
  out.opened = *std::move(opened);
  return out;
}

}  // namespace gorotrace
