// gorotrace stat: attach, a line per interval, a summary at the end.
#include <fmt/core.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/open_target.h"
#include "cli/option_values.h"
#include "cli/output_queue.h"
#include "cli/stat_printer.h"
#include "cli/stat_window.h"
#include "cli/stop_signal.h"
#include "cli/terminal.h"
#include "cli/wait_log.h"
#include "evidence/interval.h"
#include "process/discovery.h"
#include "process/procfs.h"
#include "session/session.h"

namespace gorotrace {
namespace {

// Without run: it doubles the traps, and what it adds is had otherwise, though not exactly (the runtime's own
// histogram of latencies; running and runnable by sampling).
constexpr GroupMask kDefaultGroups = group_bit(GT_GROUP_LIFECYCLE) | group_bit(GT_GROUP_BLOCK);

struct Arguments {  // as typed
  std::vector<std::string> targets, where, created_by;
  std::string duration, interval = "1s", probes = group_list(kDefaultGroups), budget = "10%",
                        sample_cpu = "5%", ring_size, waits, by, sort;
  bool all = false, system = false, stacks = false, json = false, share_probes = false;
  std::size_t limit = 10;
};

struct Plan {  // as meant
  std::vector<TargetName> targets;
  SessionOptions session;
  StatWindow::Options window;
  RowOptions rows;
};

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

Result<Plan> understand(const Arguments& a) {
  Plan p;
  const auto interval = parse_duration(a.interval);
  if (!interval) return wrap(interval.error(), "-i");
  if (*interval < std::chrono::milliseconds(100))
    return fail(ErrorKind::kUsage, "-i: the shortest interval is 100ms");
  p.session.interval_ns = static_cast<std::uint64_t>(interval->count());
  p.window.interval = *interval;
  if (!a.duration.empty()) {
    const auto duration = parse_duration(a.duration);
    if (!duration) return wrap(duration.error(), "-d");
    if (duration->count() == 0) return fail(ErrorKind::kUsage, "-d must be greater than 0");
    p.window.duration = *duration;
  }
  const auto groups = parse_groups(a.probes, kDefaultGroups);
  if (!groups) return wrap(groups.error(), "--probes");
  p.session.groups = *groups;
  auto budget = Budget::parse(a.budget);
  if (!budget) return wrap(budget.error(), "--budget");
  p.session.budget = *budget;
  const auto sampling = parse_cpu_share(a.sample_cpu);
  if (!sampling) return wrap(sampling.error(), "--sample-cpu");
  p.session.sample_cpu = *sampling;
  if (!a.ring_size.empty()) {
    const auto bytes = parse_ring_size(a.ring_size);
    if (!bytes) return wrap(bytes.error(), "--ring-size");
    p.session.capture.ring_bytes = *bytes;
  }
  auto rows = parse_row_options(a.where, a.created_by, a.by, a.sort);
  if (!rows) return std::unexpected(rows.error());
  p.rows = std::move(*rows);
  p.rows.filter.system = a.system;
  p.session.label_key = p.rows.label_key;
  for (const std::string& text : a.targets) {
    const auto named = targets_of(text, a.all);
    if (!named) return std::unexpected(named.error());
    for (const TargetName& target : *named)
      if (std::ranges::find(p.targets, target) == p.targets.end()) p.targets.push_back(target);
  }
  if (auto one = one_runtime_of_each(p.targets); !one) return std::unexpected(one.error());
  std::vector<pid_t> pids;
  for (const TargetName& target : p.targets) pids.push_back(target.pid);
  if (p.session.groups != 0 && pids.size() > kMaxTargets) {
    return fail(ErrorKind::kUsage,
                fmt::format("{} targets at once; at most {} can be traced", pids.size(), kMaxTargets));
  }
  p.session.sharing = {.others_allowed = a.share_probes};
  // Only a perf event follows a thread that is not the main one (capture/attach.cpp).
  const auto headless = [](pid_t pid) {
    const pid_t task = procfs::living_task(pid);
    return task != 0 && task != pid;
  };
  if (std::ranges::any_of(pids, headless)) p.session.capture.force_mode = AttachMode::kPerfEventCookie;
  if (p.session.groups != 0) p.session.capture.max_targets = static_cast<std::uint16_t>(pids.size());
  return p;
}

// The programs are loaded while the binaries are read. A target that cannot be traced is told first,
// whatever else fails.
Result<std::unique_ptr<Session>> attach(const Plan& plan, RunStacks& stacks) {
  auto making = std::async(std::launch::async, [&] { return Session::make(plan.session); });
  BinaryCache binaries;
  std::vector<std::unique_ptr<Target>> targets;
  for (const TargetName& name : plan.targets) {
    auto target = Target::open(name, binaries);
    if (!target) return std::unexpected(target.error());
    tell_of(**target);
    // Which reasons there are, each Go version says for itself.
    DumpFilter filter = plan.rows.filter;
    const GoBinary& go = (*target)->binary();
    if (auto known = filter.find_reasons(go.wait_reasons(), go.version().text); !known)
      return wrap(known.error(), "--where");
    if (!plan.session.label_key.empty() && !(*target)->has_labels())
      return fail(
          ErrorKind::kUnsupported,
          fmt::format("process {}: --by label: where its goroutines keep labels is not known", name.pid));
    if (plan.session.groups != 0) (*target)->prepare_plan();
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
  return session;
}

// What -v is for: what was chosen, and by what.
void tell_decisions(Session& session, const Arguments& arguments) {
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

// `waits` and `stacks` outlive the session, whose models fill the queue of waits.
Status trace(const Arguments& arguments, const CommonOptions& common, std::unique_ptr<WaitLog>& waits,
             RunStacks& stacks) {
  auto held = StopSignal::make();  // before anything else: a signal that comes early ends in a summary, too
  if (!held) return std::unexpected(held.error());
  std::optional<StopSignal> stop(std::move(*held));
  auto plan = understand(arguments);
  if (!plan) return std::unexpected(plan.error());
  if (!arguments.waits.empty()) {
    auto log = WaitLog::open(arguments.waits, stacks);
    if (!log) return std::unexpected(log.error());
    waits = std::move(*log);
    plan->session.waits = &waits->queue();
  }
  auto session = attach(*plan, stacks);
  if (!session) return std::unexpected(session.error());
  tell_decisions(**session, arguments);
  auto out = OutputQueue::make(STDOUT_FILENO);
  if (!out) return std::unexpected(out.error());
  StatPrinter printer({.json = arguments.json,
                       .several = (*session)->targets().size() > 1,
                       .stacks = arguments.stacks,
                       .rows = plan->rows,
                       .limit = arguments.limit,
                       .screen = screen(common.colour)},
                      **out, stacks);
  StatWindow window(**session, *stop, **out, printer, plan->window);
  if (auto watched = window.watch(); !watched) return watched;
  const auto reported = window.report();
  stop.reset();  // from here on nothing is worth waiting for: a signal ends it
  return reported;
}

int run(const Arguments& arguments, const CommonOptions& common) {
  RunStacks stacks;  // outlives the thread of `waits`
  std::unique_ptr<WaitLog> waits;
  auto done = trace(arguments, common, waits, stacks);
  if (done && waits) done = waits->close();
  return done ? kExitDone : report_error(done.error());
}

}  // namespace

void add_stat_command(CLI::App& app, const CommonOptions& common, int& exit) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* stat =
      app.add_subcommand("stat", "live goroutines, blocking hot spots, creation sites of a running process");
  stat->footer(
      "Example: gorotrace stat -p 4242 -d 10s\n"
      "Ctrl-C, SIGTERM and SIGHUP end in the summary. Exit codes: 0 done, 1 failed, 2 usage, 3 target not "
      "supported.");
  stat->add_option("-p,--pid,PID", arguments->targets,
                   std::string(kTargetHelp) + "; several with commas, or repeated")
      ->required()
      ->delimiter(',')
      ->allow_extra_args(false);
  stat->add_flag("--all", arguments->all, "every process that such a name or container id names");
  stat->add_option("-d,--duration", arguments->duration,
                   "length of the window (10s, 1m30s); until Ctrl-C when absent");
  stat->add_option("-i,--interval", arguments->interval, "a line this often")->capture_default_str();
  stat->add_option(
          "--probes", arguments->probes,
          "groups of " + all_names<gt_group>(",") +
              ", or +GROUP, -GROUP: the default with and without these; or none: memory alone, nothing "
              "attached. Without run who runs and who waits for a CPU is sampled, and latencies are the "
              "runtime's own")
      ->capture_default_str();
  stat->add_option(
          "--budget", arguments->budget,
          "what tracing may cost: 10% of the target's CPU time (but never less than 5% of one "
          "CPU), 0.5cpu, or none; groups that take more are on in phases, so that the average keeps to "
          "it; 10%,detach: they go for good")
      ->capture_default_str();
  stat->add_flag("--share-probes", arguments->share_probes,
                 "more than 8 targets of one executable share their probes even if other processes run it, "
                 "which then run into them, too (a trap each, counted)");
  stat->add_option("--sample-cpu", arguments->sample_cpu,
                   "share of one CPU of gorotrace for sampling the goroutines while the block group is off, "
                   "100 times a second; or none")
      ->capture_default_str();
  stat->add_flag("--system", arguments->system, "show the runtime's own goroutines too");
  stat->add_option("--where", arguments->where,
                   "only rows with 'reason=chan receive' (or a part of it), state=waiting, state=syscall, or "
                   "function=PART OF A NAME in the stack; conditions of one kind are alternatives, those of "
                   "different kinds must all hold; repeatable")
      ->allow_extra_args(false);
  stat->add_option("--created-by", arguments->created_by,
                   "only rows of goroutines whose go statement is in a function with this in its name; "
                   "repeatable")
      ->allow_extra_args(false);
  stat->add_option(
      "--by", arguments->by,
      "one row for all waits of one reason that have this in common: user-frame (they differ in "
      "library frames only), reason (nothing else), creation (the goroutines' function), label:KEY (the "
      "value of that goroutine label, which samples of the goroutines read: a wait counts as \"labels "
      "not read\" until one has read the labels with which it began)");
  stat->add_option("--sort", arguments->sort,
                   "tables that have this column by it, the greatest first: " + all_names<RowSort>(", "));
  stat->add_flag("--stacks", arguments->stacks, "whole stacks in the tables");
  stat->add_option("--limit", arguments->limit, "rows per table, 0 for all")
      ->check(refuse_count)
      ->capture_default_str();
  stat->add_flag("--json", arguments->json, "one JSON object per line (userspace/report/stat.schema.json)");
  stat->add_option("--waits", arguments->waits,
                   "write every wait whose both ends were seen to this file, a JSON line each");
  stat->add_option("--ring-size", arguments->ring_size, "bytes of each ring buffer, e.g. 64k, 8m");
  stat->callback([arguments, &common, &exit] { exit = run(*arguments, common); });
}

}  // namespace gorotrace
