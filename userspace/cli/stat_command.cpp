// gorotrace stat: attach, a line per interval, a summary at the end.
#include <fmt/core.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/option_values.h"
#include "cli/output_file.h"
#include "cli/stop_signal.h"
#include "cli/terminal.h"
#include "cli/wait_log.h"
#include "process/discovery.h"
#include "report/interval.h"
#include "report/stat_json.h"
#include "report/stat_text.h"
#include "session/session.h"

namespace gorotrace {
namespace {

struct Arguments {  // as typed
  std::vector<std::string> targets;
  std::string duration, interval = "1s", probes = "lifecycle,block,run", budget = "10%", census = "5%",
                        ring_size, waits;
  bool system = false, stacks = false, json = false;
  std::size_t limit = 10;
};

struct Plan {  // as meant
  std::vector<pid_t> pids;
  std::optional<std::uint64_t> duration_ns;
  SessionOptions session;
};

Result<Plan> understand(const Arguments& a) {
  Plan p;
  const auto interval = parse_duration(a.interval);
  if (!interval) return wrap(interval.error(), "-i");
  if (*interval < std::chrono::milliseconds(100))
    return fail(ErrorKind::kUsage, "-i: the shortest interval is 100ms");
  p.session.interval_ns = static_cast<std::uint64_t>(interval->count());
  if (!a.duration.empty()) {
    const auto duration = parse_duration(a.duration);
    if (!duration) return wrap(duration.error(), "-d");
    if (duration->count() == 0) return fail(ErrorKind::kUsage, "-d: a window of no length shows nothing");
    p.duration_ns = static_cast<std::uint64_t>(duration->count());
  }
  const auto groups = parse_groups(a.probes);
  if (!groups) return wrap(groups.error(), "--probes");
  p.session.groups = *groups;
  auto budget = Budget::parse(a.budget);
  if (!budget) return wrap(budget.error(), "--budget");
  p.session.budget = *budget;
  const auto census = parse_cpu_share(a.census);
  if (!census) return wrap(census.error(), "--census");
  p.session.census_cpu = *census;
  if (!a.ring_size.empty()) {
    const auto bytes = parse_ring_size(a.ring_size);
    if (!bytes) return wrap(bytes.error(), "--ring-size");
    p.session.capture.ring_bytes = *bytes;
  }
  for (const std::string& text : a.targets) {
    const auto pid = resolve_target(text);
    if (!pid) return std::unexpected(pid.error());
    if (std::ranges::find(p.pids, *pid) == p.pids.end()) p.pids.push_back(*pid);
  }
  if (p.pids.size() > GT_MAX_TARGETS) {
    return fail(ErrorKind::kUsage,
                fmt::format("{} targets at once; at most {} can be traced", p.pids.size(), GT_MAX_TARGETS));
  }
  return p;
}

class Printer {
 public:
  Printer(const Arguments& a, bool several, OutputFile out)
      : json_(a.json),
        colour_(!a.json && isatty(STDOUT_FILENO) == 1),
        lines_(several, colour_),
        out_(std::move(out)) {
    text_.several = several;
    text_.width = terminal_width();
    text_.limit = a.limit;
    text_.stacks = a.stacks;
    text_.system = a.system;
    text_.colour = colour_;
    json_options_.system = a.system;
  }
  void interval(const IntervalRow& row, const StatFacts& facts) {
    write(json_ ? stat_interval_json(row, facts.target, facts.begin_ns) + "\n"
                : lines_.line(row, facts.target));
    any_ = true;
  }
  void summary(const StatFacts& facts, const Tables& tables, Symbolizer& symbols) {
    write(json_ ? stat_summary_json(facts, tables, symbols, json_options_) + "\n"
                : (any_ ? "\n" : "") + stat_summary_text(facts, tables, symbols, text_));
    any_ = true;
  }
  [[nodiscard]] bool closed() const { return closed_; }
  [[nodiscard]] Status end() { return out_.commit(); }

 private:
  void write(const std::string& text) {
    out_.write(text);
    if (!out_.flush()) closed_ = true;
  }

  bool json_, colour_, any_ = false;
  IntervalText lines_;
  StatTextOptions text_;
  StatJsonOptions json_options_;
  OutputFile out_;
  bool closed_ = false;
};

int run(const Arguments& arguments) {
  auto stop = StopSignal::make();  // before the session's threads
  if (!stop) return report_error(stop.error());
  auto plan = understand(arguments);
  if (!plan) return report_error(plan.error());

  std::unique_ptr<WaitLog> waits;  // outlives the session, whose aggregator thread writes to it
  if (!arguments.waits.empty()) {
    auto log = WaitLog::open(arguments.waits);
    if (!log) return report_error(log.error());
    waits = std::move(*log);
    plan->session.on_wait = [log = waits.get()](const Target& target, const Wait& wait) {
      log->write(target, wait);
    };
  }
  // The programs are loaded while the binaries are read. A target that cannot be traced is told first,
  // whatever else fails.
  auto making = std::async(std::launch::async, [&] { return Session::make(plan->session); });
  std::vector<std::unique_ptr<Target>> targets;
  for (const pid_t pid : plan->pids) {
    auto target = Target::open(pid);
    if (!target) return report_error(target.error());
    if (plan->session.groups != 0) (*target)->prepare_plan();
    targets.push_back(std::move(*target));
  }
  auto made = making.get();
  if (!made) return report_error(without_probes(made.error()));
  Session& session = **made;
  for (auto& target : targets) {
    if (auto added = session.add(std::move(target)); !added)
      return report_error(without_probes(added.error()));
  }

  auto out = OutputFile::open("");
  if (!out) return report_error(out.error());
  Printer printer(arguments, session.size() > 1, std::move(*out));
  std::vector<Sample> last;
  for (std::size_t i = 0; i < session.size(); ++i) last.push_back(session.sample(i));

  const std::uint64_t begin = monotonic_ns();
  std::uint64_t next_line = begin + plan->session.interval_ns;
  const auto lines = [&] {
    for (std::size_t i = 0; i < session.size(); ++i) {
      Sample now = session.sample(i);
      printer.interval(interval_row(last[i], now), session.facts(i));
      last[i] = std::move(now);
    }
  };
  while (session.any_alive() && !printer.closed()) {
    std::uint64_t now = monotonic_ns();
    if (plan->duration_ns && now >= begin + *plan->duration_ns) break;
    std::uint64_t until = std::min(next_line, now + std::uint64_t{Session::kTickMs} * 1'000'000);
    if (plan->duration_ns) until = std::min(until, begin + *plan->duration_ns);
    if (stop->wait(static_cast<int>((until - now + 999'999) / 1'000'000))) break;
    session.tick();
    now = monotonic_ns();
    if (now >= next_line) {
      lines();
      next_line += plan->session.interval_ns;
      if (next_line <= now)
        next_line = now + plan->session.interval_ns;  // a slow look or a stopped tracer: no burst
    }
  }
  session.finish();
  for (std::size_t i = 0; i < session.size(); ++i) {
    printer.summary(session.facts(i), session.tables(i), session.symbols(i));
  }
  made->reset();
  if (auto written = printer.end(); !written) return report_error(written.error());
  if (waits) {
    if (auto closed = waits->close(); !closed) return report_error(closed.error());
  }
  return kExitDone;
}

}  // namespace

void add_stat_command(CLI::App& app, int& exit) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* stat =
      app.add_subcommand("stat", "live goroutines, blocking hot spots, creation sites of a running process");
  stat->footer(
      "Example: gorotrace stat -p 4242 -d 10s\n"
      "Ctrl-C ends in the summary. Exit codes: 0 done, 1 failed, 2 usage, 3 target not supported.");
  stat->add_option("-p,--pid", arguments->targets,
                   "PID, container id prefix or unique process name; repeat for several")
      ->required()
      ->allow_extra_args(false);
  stat->add_option("-d,--duration", arguments->duration,
                   "length of the window (10s, 1m30s); until Ctrl-C when absent");
  stat->add_option("-i,--interval", arguments->interval, "a line this often")->capture_default_str();
  stat->add_option("--probes", arguments->probes,
                   "groups of lifecycle,block,run,syscall,sync,chan, or none: memory alone, nothing attached")
      ->capture_default_str();
  stat->add_option("--budget", arguments->budget,
                   "what tracing may cost: 10% of the target's CPU time (but never less than 5% of one "
                   "CPU), 0.5cpu, or none; above it groups are detached")
      ->capture_default_str();
  stat->add_option(
          "--census", arguments->census,
          "share of one CPU of gorotrace for looking at the goroutines while the block group is off, "
          "100 times a second; or none")
      ->capture_default_str();
  stat->add_flag("--system", arguments->system, "show the runtime's own goroutines too");
  stat->add_flag("--stacks", arguments->stacks, "whole stacks in the tables");
  stat->add_option("--limit", arguments->limit, "rows per table, 0 for all")
      ->check(refuse_count)
      ->capture_default_str();
  stat->add_flag("--json", arguments->json, "one JSON object per line (userspace/report/stat.schema.json)");
  stat->add_option("--waits", arguments->waits,
                   "write every wait whose both ends were seen to this file, a JSON line each");
  stat->add_option("--ring-size", arguments->ring_size, "bytes of each ring buffer, e.g. 4KiB, 8MiB");
  stat->callback([arguments, &exit] { exit = run(*arguments); });
}

}  // namespace gorotrace
