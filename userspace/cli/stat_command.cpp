// gorotrace stat: attach, a line per interval, a summary at the end.
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/one_file.h"
#include "base/plural.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/output_queue.h"
#include "cli/row_arguments.h"
#include "cli/session_arguments.h"
#include "cli/stat_printer.h"
#include "cli/stat_window.h"
#include "cli/stop_signal.h"
#include "cli/terminal.h"
#include "cli/wait_log.h"
#include "recording/claimed_file.h"
#include "session/session.h"

namespace gorotrace {
namespace {

// Without run: it doubles the traps, and what it adds is had otherwise, though not exactly (the runtime's own
// histogram of latencies; running and runnable by sampling).
constexpr GroupMask kDefaultGroups = group_bit(GT_GROUP_LIFECYCLE) | group_bit(GT_GROUP_BLOCK);

struct StatArguments {  // as typed
  SessionArguments session;
  RowArguments rows;
  std::string interval = "1s", waits, record;
  bool json = false;
};

struct StatPlan {  // as meant
  SessionPlan session;
  std::chrono::nanoseconds interval{};
  RowOptions rows;
};

Result<StatPlan> plan_of(const StatArguments& a) {
  StatPlan p;
  const auto interval = parse_duration(a.interval);
  if (!interval) return wrap(interval.error(), "-i");
  if (*interval < std::chrono::milliseconds(100))
    return fail(ErrorKind::kUsage, "-i: the shortest interval is 100ms");
  auto rows = row_options(a.rows);
  if (!rows) return std::unexpected(rows.error());
  auto session = understand(a.session, kDefaultGroups, true);
  if (!session) return std::unexpected(session.error());
  p.session = std::move(*session);
  p.interval = *interval;
  p.session.options.interval_ns = static_cast<std::uint64_t>(interval->count());
  p.rows = std::move(*rows);
  p.session.options.label_key = p.rows.label_key;
  return p;
}

// What takes part of the stream and outlives the session.
struct Files {
  RunStacks stacks;
  std::unique_ptr<WaitLog> waits;
  std::unique_ptr<Recorder> recorder;
};

// The capture file is there by now, whatever leads to it; kept_as: the name of what it held.
Status two_files(const StatArguments& arguments, const std::string& kept_as) {
  if (arguments.waits.empty()) return {};
  struct stat record{}, waits{};
  // The same terminal, or /dev/null, may be meant twice.
  const bool one = ::stat(arguments.record.c_str(), &record) == 0 &&
                   ::stat(arguments.waits.c_str(), &waits) == 0 && is_one_file(record, waits) &&
                   !S_ISCHR(record.st_mode);
  if (one)
    return fail(ErrorKind::kUsage, fmt::format("--waits {} and --record {} are one file: give two",
                                               printable(arguments.waits), printable(arguments.record)));
  std::error_code unknown;
  const auto whole = [&unknown](const std::string& path) {
    return std::filesystem::weakly_canonical(path, unknown);
  };
  const auto waits_kept_as = old_name(arguments.waits);
  const bool in_the_way =
      (!kept_as.empty() && whole(kept_as) == whole(arguments.waits)) ||
      (waits_kept_as && !waits_kept_as->empty() && whole(*waits_kept_as) == whole(arguments.record));
  if (in_the_way)
    return fail(
        ErrorKind::kUsage,
        fmt::format("--waits {} and --record {}: what one of them holds already is kept under the name of "
                    "the other: give another one",
                    printable(arguments.waits), printable(arguments.record)));
  return {};
}

Status open_files(const StatArguments& arguments, SessionOptions& options, Files& files) {
  if (!arguments.record.empty()) {
    auto recorder = Recorder::make(arguments.record, {.held = true});
    if (!recorder) return std::unexpected(recorder.error());
    if (auto two = two_files(arguments, (*recorder)->kept_as()); !two) return two;
    files.recorder = std::move(*recorder);
    options.recorder = files.recorder.get();
  }
  if (!arguments.waits.empty()) {
    auto log = WaitLog::open(arguments.waits, files.stacks);
    if (!log) return std::unexpected(log.error());
    files.waits = std::move(*log);
    options.waits = &files.waits->queue();
  }
  return {};
}

Status trace(const StatArguments& arguments, const CommonOptions& common, Files& files) {
  auto held = StopSignal::make();  // before anything else: a signal that comes early ends in a summary, too
  if (!held) return std::unexpected(held.error());
  std::optional<StopSignal> stop(std::move(*held));
  auto plan = plan_of(arguments);
  if (!plan) return std::unexpected(plan.error());
  if (auto opened = open_files(arguments, plan->session.options, files); !opened) return opened;
  auto session = attach(plan->session, plan->rows.filter, files.stacks);
  if (!session) return std::unexpected(session.error());
  if (files.recorder) files.recorder->go_on();
  tell_decisions(**session, arguments.session);
  auto out = OutputQueue::make(STDOUT_FILENO);
  if (!out) return std::unexpected(out.error());
  StatPrinter printer({.json = arguments.json,
                       .several = (*session)->targets().size() > 1,
                       .stacks = arguments.rows.stacks,
                       .rows = plan->rows,
                       .limit = arguments.rows.limit,
                       .screen = screen(common.colour)},
                      **out, files.stacks);
  StatWindow window(
      **session, *stop, **out, printer,
      {.duration = plan->session.duration, .interval = plan->interval, .recorder = files.recorder.get()});
  if (auto watched = window.watch(); !watched) return watched;
  const auto reported = window.report();
  stop.reset();  // from here on nothing is worth waiting for: a signal ends it
  return reported;
}

int run_stat(const StatArguments& arguments, const CommonOptions& common) {
  Files files;
  auto done = trace(arguments, common, files);
  if (done && files.waits) done = files.waits->close();
  if (files.recorder) {
    auto closed = files.recorder->close();
    if (done) done = std::move(closed);
    if (const std::uint64_t lost = files.recorder->figures().dropped; lost != 0)
      tell(fmt::format("{}: {} are not in it", arguments.record, plural(lost, "event")));
  }
  return done ? kExitDone : report_error(done.error());
}

}  // namespace

void add_stat_command(CLI::App& app, const CommonOptions& common, int& exit) {
  auto arguments = std::make_shared<StatArguments>();
  CLI::App* stat =
      app.add_subcommand("stat", "live goroutines, blocking hot spots, creation sites of a running process");
  stat->footer(
      "Example: gorotrace stat -p 4242 -d 10s\n"
      "Ctrl-C, SIGTERM and SIGHUP end in the summary.\n"
      "Exit codes: 0 done, 1 failed, 2 usage, 3 target not supported.");
  add_session_options(*stat, arguments->session, kDefaultGroups,
                      "groups that take more are on in phases, so that the average keeps to it; 10%,detach: "
                      "they go for good");
  stat->add_option("-i,--interval", arguments->interval, "print a line this often, 100ms or more")
      ->type_name("TIME")
      ->capture_default_str();
  add_row_options(*stat, arguments->rows);
  stat->add_flag("--json", arguments->json,
                 "one JSON object per line (stat.schema.json, installed in share/gorotrace)");
  stat->add_option("--waits", arguments->waits,
                   "write every wait whose both ends were seen to this file, a JSON line each; what it holds "
                   "already is kept as FILE.old")
      ->type_name("FILE");
  stat->add_option(
          "--record", arguments->record,
          "write all that is seen to this capture file, too (gorotrace report reads it); what it holds "
          "already is kept as FILE.old")
      ->type_name("FILE");
  stat->callback([arguments, &common, &exit] { exit = run_stat(*arguments, common); });
}

}  // namespace gorotrace
