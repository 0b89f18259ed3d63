#include "cli/session_arguments.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <future>
#include <utility>

#include "base/text.h"
#include "cli/exit_codes.h"
#include "cli/open_target.h"
#include "cli/option_values.h"
#include "process/discovery.h"
#include "process/procfs.h"

namespace gorotrace {
namespace {

Result<std::vector<TargetName>> targets_of(const std::string& text, bool all) {
  if (all) return resolve_targets(text);
  const auto only = resolve_target(text, "give one PID, or --all for all of them");
  if (!only) return std::unexpected(only.error());
  return std::vector<TargetName>{*only};
}

// What a window knows of a process (its end, its CPU time, who it is in the kernel's maps) it knows once.
Status one_runtime_of_each(const std::vector<TargetName>& targets) {
  for (const TargetName& target : targets) {
    if (std::ranges::count(targets, target.pid, &TargetName::pid) > 1)
      return fail(ErrorKind::kUsage,
                  fmt::format("process {} is given twice: one command looks at one Go runtime of a process; "
                              "start another one for its other runtime",
                              target.pid));
  }
  return {};
}

}  // namespace

Result<SessionPlan> understand(const SessionArguments& a, GroupMask groups, bool phases) {
  SessionPlan p;
  if (!a.duration.empty()) {
    const auto duration = parse_duration(a.duration);
    if (!duration) return wrap(duration.error(), "-d");
    if (duration->count() == 0) return fail(ErrorKind::kUsage, "-d must be greater than 0");
    p.duration = *duration;
  }
  const auto wanted = parse_groups(a.probes, groups);
  if (!wanted) return wrap(wanted.error(), "--probes");
  p.options.groups = *wanted;
  auto budget = Budget::parse(a.budget, phases);
  if (!budget) return wrap(budget.error(), "--budget");
  p.options.budget = *budget;
  const auto sampling = parse_cpu_share(a.sample_cpu);
  if (!sampling) return wrap(sampling.error(), "--sample-cpu");
  p.options.sample_cpu = *sampling;
  if (!a.ring_size.empty()) {
    const auto bytes = parse_ring_size(a.ring_size);
    if (!bytes) return wrap(bytes.error(), "--ring-size");
    p.options.capture.ring_bytes = *bytes;
  }
  for (const std::string& text : a.targets) {
    const auto named = targets_of(text, a.all);
    if (!named) return std::unexpected(named.error());
    for (const TargetName& target : *named)
      if (std::ranges::find(p.targets, target) == p.targets.end()) p.targets.push_back(target);
  }
  if (auto one = one_runtime_of_each(p.targets); !one) return std::unexpected(one.error());
  std::vector<pid_t> pids;
  for (const TargetName& target : p.targets) pids.push_back(target.pid);
  if (p.options.groups != 0 && pids.size() > kMaxTargets) {
    return fail(ErrorKind::kUsage,
                fmt::format("{} targets at once; at most {} can be traced", pids.size(), kMaxTargets));
  }
  p.options.sharing = {.others_allowed = a.share_probes};
  // Only a perf event follows a thread that is not the main one (capture/attach.cpp).
  const auto headless = [](pid_t pid) {
    const pid_t task = procfs::living_task(pid);
    return task != 0 && task != pid;
  };
  if (std::ranges::any_of(pids, headless)) p.options.capture.force_mode = AttachMode::kPerfEventCookie;
  // None is named where a program is to be started.
  if (p.options.groups != 0)
    p.options.capture.max_targets = static_cast<std::uint16_t>(std::max<std::size_t>(pids.size(), 1));
  return p;
}

void add_session_options(CLI::App& command, SessionArguments& arguments, GroupMask groups,
                         const std::string& after_budget) {
  arguments.probes = group_list(groups);
  command
      .add_option("-p,--pid,PID", arguments.targets,
                  std::string(kTargetHelp) + "; several with commas, or repeated")
      ->type_name("TARGET")
      ->required()
      ->delimiter(',')
      ->allow_extra_args(false);
  command.add_flag("--all", arguments.all, "trace every process that a name or a container id names");
  command
      .add_option("-d,--duration", arguments.duration,
                  "length of the window (10s, 1m30s); until Ctrl-C when absent")
      ->type_name("TIME");
  command
      .add_option("--probes", arguments.probes,
                  "what is traced: groups of " + all_names<gt_group>(",") +
                      ", or +GROUP, -GROUP: the default with and without these; or none: memory alone, "
                      "nothing attached. Without the group run, who runs and who waits for a CPU is sampled, "
                      "and latencies are the runtime's own")
      ->type_name("GROUPS")
      ->option_text(all_names<gt_group>(" ") + " none")
      ->capture_default_str();
  command
      .add_option("--budget", arguments.budget,
                  "what tracing may cost: 10% of the target's CPU time (but never less than 5% of one CPU), "
                  "0.5cpu, or none; " +
                      after_budget)
      ->type_name("SHARE")
      ->capture_default_str();
  command.add_flag("--share-probes", arguments.share_probes,
                   "more than 8 targets of one executable share their probes even if other processes run it, "
                   "which then run into them, too (a trap each, counted)");
  command
      .add_option("--sample-cpu", arguments.sample_cpu,
                  "share of one CPU of gorotrace for sampling the goroutines while the block group is off, "
                  "100 times a second; or none")
      ->type_name("SHARE")
      ->capture_default_str();
  command
      .add_option("--ring-size", arguments.ring_size,
                  "bytes of each ring buffer, a power of two (64k, 8m); when absent 16m for all CPUs "
                  "together, but 1m to 2m each")
      ->type_name("SIZE");
}

// The programs are loaded while the binaries are read.
Result<std::unique_ptr<Session>> attach(const SessionPlan& plan, const DumpFilter& wanted,
                                        RunStacks& stacks) {
  auto making = std::async(std::launch::async, [&] { return Session::make(plan.options); });
  BinaryCache binaries;
  std::vector<std::unique_ptr<Target>> targets;
  for (const TargetName& name : plan.targets) {
    auto target = Target::open(name, binaries, plan.stage);
    if (!target) return std::unexpected(target.error());
    tell_version(**target);
    // Which reasons there are, each Go version says for itself.
    DumpFilter filter = wanted;
    const GoBinary& go = (*target)->binary();
    if (auto known = filter.find_reasons(go.wait_reasons(), go.version().text); !known)
      return wrap(known.error(), "--where");
    if (!plan.options.label_key.empty() && !(*target)->has_labels())
      return fail(
          ErrorKind::kUnsupported,
          fmt::format("process {}: --by label: where its goroutines keep labels is not known", name.pid));
    if (plan.options.groups != 0) (*target)->prepare_plan();
    stacks[(*target)->process().pid()];
    targets.push_back(std::move(*target));
  }
  auto session = making.get();
  if (!session) return std::unexpected(without_probes(session.error()));
  for (const auto& target : targets) (*session)->expect(*target);
  for (auto& target : targets) {
    if (auto added = (*session)->add(std::move(target)); !added)
      return std::unexpected(without_probes(added.error()));
  }
  // Not before: of a process that executed another program meanwhile that program would look like a second
  // runtime, where the error says what it is.
  for (const TargetId id : (*session)->targets()) tell_others((*session)->target(id));
  return session;
}

// What -v is for: what was chosen, and by what.
void tell_decisions(Session& session, const SessionArguments& arguments) {
  for (const TargetId id : session.targets()) {
    const Target& target = session.target(id);
    const StatFacts facts = session.facts(id);
    const pid_t pid = target.process().pid();
    spdlog::debug(
        "process {}: {}, {}; offsets from {}; counters {}", pid, target.binary().version().text,
        name_of(target.binary().link_mode()), target.binary().offsets_source(),
        target.has_counters() ? "can be read" : "cannot be read: " + target.binary().counters_missing());
    if (facts.requested == 0) {
      spdlog::debug("process {}: no probes; sampling may take {} of one CPU of gorotrace", pid,
                    arguments.sample_cpu);
      continue;
    }
    spdlog::debug(
        "process {}: probes {}{}; a trap costs {:.0f} ns emulated, {:.0f} ns single-stepped; budget {}", pid,
        group_list(facts.requested), facts.shared_probes ? " shared with others of its file" : "",
        facts.calibrated ? facts.calibrated->emulated_ns : 0,
        facts.calibrated ? facts.calibrated->single_step_ns : 0, arguments.budget);
    if (facts.incomplete != 0)
      spdlog::debug("process {}: {} cannot see every transition in this binary (gorotrace check tells which)",
                    pid, group_list(facts.incomplete));
  }
}

}  // namespace gorotrace
