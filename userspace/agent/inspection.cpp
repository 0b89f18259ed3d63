#include "agent/inspection.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/text.h"
#include "process/code_file.h"
#include "process/procfs.h"
#include "process/user_ids.h"

namespace gorotrace {
namespace {

constexpr std::size_t kMaxEnvironment = 8u << 20;  // more than an exec takes with the usual limit of a stack
constexpr std::size_t kMostRuntimes = 16;          // of a process

Inspected without_answer(const Error& error) {
  Inspected out;
  if (error.kind == ErrorKind::kPermission) out.what = Inspected::What::kUnknown;
  return out;
}

void refuse(InspectedRuntime& out, const Error& error) {
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
  out.user = user_name(status->uid);
  if (const auto exe = procfs::read_link(task, "exe")) out.executable = printable(*exe);
  if (const auto cgroup = procfs::read_file(task, "cgroup")) {
    out.cgroup = cgroup_path(*cgroup);
    out.container = container_of_cgroups(*cgroup);
    caches.containers.complete(out.container);
  }
  return true;
}

struct FoundRuntime {
  GoFileFacts facts;
  std::string library;        // AgentTarget::library
  std::uint64_t address = 0;  // of the library's code
};

// One that may not be opened, or is no file, is as if it were not Go: the next look may find it.
Status add_libraries(pid_t pid, pid_t task, GoFileCache& libraries, std::vector<FoundRuntime>& out) {
  const auto mappings = mappings_of(task);
  if (!mappings) return std::unexpected(mappings.error());
  std::string executable = procfs::read_link(task, "exe").value_or("");
  if (executable.ends_with(procfs::kDeleted)) executable.resize(executable.size() - procfs::kDeleted.size());
  for (const SharedLibrary& library : shared_libraries(*mappings, printable(executable))) {
    if (out.size() == kMostRuntimes) break;
    const auto fd = open_library(pid, task, library);
    if (!fd) continue;
    auto facts = libraries.of(fmt::format("/proc/self/fd/{}", fd->get()));
    if (facts && facts->is_go) out.push_back({*std::move(facts), library.path, library.code.front().start});
  }
  return {};
}

// What it is known of a runtime before anybody opens it.
AgentTarget target_of(const AgentTarget& process, FoundRuntime runtime) {
  AgentTarget out = process;
  out.id = fmt::format("{}-{}", process.pid, process.start_time_ticks);
  if (!runtime.library.empty()) out.id += fmt::format("-{:x}", runtime.address);
  out.library = std::move(runtime.library);
  out.go_version = std::move(runtime.facts.go_version);
  out.module = std::move(runtime.facts.module);
  out.module_version = std::move(runtime.facts.module_version);
  return out;
}

// False: it is gone, or runs another program.
bool open_runtime(const Result<std::string>& environment, InspectionCaches& caches, InspectedRuntime& out) {
  AgentTarget& target = out.target;
  if (!environment) {
    refuse(out, environment.error());
    return true;
  }
  if (opts_out(*environment)) {
    target.state = WatchState::kOptedOut;
    target.reason = "GOROTRACE=off in its environment";
    return true;
  }
  auto opened = Target::open(target.name(), caches.binaries);
  if (!opened) {
    if (opened.error().kind == ErrorKind::kNoProcess) return false;
    refuse(out, opened.error());
    return true;
  }
  // The number may be another process's by now, or its program another one.
  const Process& process = (*opened)->process();
  if (process.start_time_ticks() != target.start_time_ticks || process.liveness() != Liveness::kAlive)
    return false;
  target.go_version = (*opened)->binary().version().text;
  target.state = WatchState::kWatched;
  out.opened = *std::move(opened);
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

Inspected inspect_process(pid_t pid, const std::vector<std::string>& known,
                          const std::vector<AgentRule>& rules, InspectionCaches& caches,
                          const std::function<void(const AgentTarget&)>& found) {
  Inspected out;
  const pid_t task = procfs::living_task(pid);
  if (task == 0) return out;
  auto facts = caches.files.of(procfs::path(task, "exe"));
  if (!facts) return without_answer(facts.error());
  std::vector<FoundRuntime> runtimes;
  if (facts->is_go) runtimes.push_back({*std::move(facts), "", 0});
  const Status looked = add_libraries(pid, task, caches.libraries, runtimes);
  if (runtimes.empty() && !looked) return without_answer(looked.error());
  out.what = Inspected::What::kNotGo;
  if (runtimes.empty()) return out;

  AgentTarget process;
  if (!describe(pid, task, caches, process)) return {};
  out.what = Inspected::What::kGo;
  std::optional<Result<std::string>> environment;
  for (FoundRuntime& runtime : runtimes) {
    InspectedRuntime one{target_of(process, std::move(runtime)), nullptr, false};
    if (std::ranges::find(known, one.target.id) != known.end()) continue;
    RuleDecision decision = decide(rules, rule_subject(one.target));
    if (decision.excluded) {
      one.target.state = WatchState::kExcluded;
      one.target.reason = *std::move(decision.excluded);
    } else {
      one.target.probes = decision.probes;
      found(one.target);
      if (!environment) environment = procfs::read_file(task, "environ", kMaxEnvironment);
      if (!open_runtime(*environment, caches, one)) return {};
    }
    out.runtimes.push_back(std::move(one));
  }
  return out;
}

}  // namespace gorotrace
