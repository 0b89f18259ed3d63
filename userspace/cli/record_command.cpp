// gorotrace record: attach, and write everything that is seen to a capture file.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/byte_size.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/flight_recorder.h"
#include "cli/output_queue.h"
#include "cli/progress.h"
#include "cli/record_output.h"
#include "cli/session_arguments.h"
#include "cli/spawned_program.h"
#include "cli/stat_window.h"
#include "cli/stop_signal.h"
#include "cli/until.h"
#include "probe/group_list.h"
#include "session/session.h"

namespace gorotrace {
namespace {

constexpr std::chrono::milliseconds kLineEach(1000);

// It is looked at ten times a second: less would be passed by far.
constexpr std::uint64_t kLeastBytes = 1u << 20;

struct RecordArguments {  // as typed
  SessionArguments session;
  std::string output, max_size, last, user, by;
  std::vector<std::string> until;
};

Result<std::optional<std::uint64_t>> max_bytes_of(const std::string& text) {
  if (text.empty()) return std::optional<std::uint64_t>{};
  const auto bytes = parse_bytes(text);
  if (!bytes || *bytes < kLeastBytes) {
    return fail(ErrorKind::kUsage, fmt::format("--max-size: \"{}\" is not a size of 1m or more (512m, 1G)",
                                               printable(text, 64)));
  }
  return bytes;
}

// "": none.
Result<std::string> label_key_of(const std::string& by) {
  constexpr std::string_view kLabel = "label:";
  if (by.empty()) return "";
  if (!by.starts_with(kLabel) || by.size() == kLabel.size())
    return fail(ErrorKind::kUsage,
                "--by: give label:KEY, the key of pprof.Labels; report folds rows by the rest");
  return by.substr(kLabel.size());
}

Status check_subject(const RecordArguments& arguments, const SpawnedProgram& program) {
  if (program.wanted() && !arguments.session.targets.empty())
    return fail(ErrorKind::kUsage, "record takes either a process (-p) or a program to start (-- PROGRAM)");
  if (!program.wanted() && arguments.session.targets.empty())
    return fail(ErrorKind::kUsage, "record needs a process (-p PID) or a program to start (-- PROGRAM)");
  if (!program.wanted() && !arguments.user.empty())
    return fail(ErrorKind::kUsage, "-u says whose ids a program has that is started: -- PROGRAM is missing");
  return {};
}

Result<std::unique_ptr<Session>> attach_to_subject(SessionPlan& plan, SpawnedProgram& program,
                                                   RunStacks& stacks) {
  if (!program.wanted()) return attach(plan, {}, stacks);
  if (auto started = program.start(); !started) return std::unexpected(started.error());
  plan.targets.emplace_back(program.pid());
  plan.stage = TargetStage::kAtExec;
  auto session = attach(plan, {}, stacks);
  if (!session) return std::unexpected(program.explain(session.error()));
  if (auto gone = program.let_go(); !gone) return std::unexpected(gone.error());
  return session;
}

// Why a target's window ended early because nothing of it can be trusted.
Status contradiction_of(const Session& session) {
  for (const TargetId target : session.targets()) {
    if (const auto& why = session.contradiction(target)) return std::unexpected(*why);
  }
  return {};
}

Status record(const RecordArguments& arguments, SpawnedProgram& program, std::optional<StopSignal>& stop) {
  if (auto checked = check_subject(arguments, program); !checked) return checked;
  auto plan = understand(arguments.session, kRecordedGroups, false);
  if (!plan) return std::unexpected(plan.error());
  const auto label_key = label_key_of(arguments.by);
  if (!label_key) return std::unexpected(label_key.error());
  plan->options.label_key = *label_key;
  const auto max_bytes = max_bytes_of(arguments.max_size);
  if (!max_bytes) return std::unexpected(max_bytes.error());
  auto conditions = parse_until(arguments.until, plan->options.groups);
  if (!conditions) return std::unexpected(conditions.error());
  Until until(std::move(*conditions));
  auto flight = FlightRecorder::make(arguments.last, arguments.output, *max_bytes);
  if (!flight) return std::unexpected(flight.error());
  auto recorder = *flight ? (*flight)->recorder({.watch = until.watch()})
                          : Recorder::make(arguments.output, {.watch = until.watch(), .held = true});
  if (!recorder) return std::unexpected(recorder.error());
  plan->options.recorder = recorder->get();
  RunStacks stacks;
  Status ended, contradicted;
  std::optional<int> signal;
  RecordOutput output({.path = arguments.output,
                       .duration = plan->duration,
                       .max_bytes = *flight ? std::nullopt : *max_bytes,
                       .until = &until,
                       .flight = flight->get(),
                       .progress = !program.wanted()},
                      **recorder);
  {
    std::optional<Progress> attaching;
    if (!program.wanted()) attaching.emplace("attaching");
    auto session = attach_to_subject(*plan, program, stacks);
    attaching.reset();
    if (!session) return std::unexpected(session.error());
    for (const TargetId target : (*session)->targets()) output.began((*session)->facts(target).begin_ns);
    (*recorder)->go_on();
    tell_decisions(**session, arguments.session);
    auto out = OutputQueue::make(STDERR_FILENO);
    if (!out) return std::unexpected(out.error());
    StatWindow window(**session, *stop, **out, output,
                      {.duration = plan->duration,
                       .interval = until.wants_counters() ? Until::kCountersEach : kLineEach,
                       .recorder = recorder->get()});
    if (*flight) (*flight)->tell_by([&window] { window.tell_recorder(); });
    ended = window.watch();
    if (ended) ended = window.report();
    if (!ended && !*flight) return ended;  // what is in memory is written all the same
    signal = window.ended_by();
    contradicted = contradiction_of(**session);
    if (!program.running()) stop.reset();
  }
  auto closed = (*recorder)->close();
  program.tell_end();
  if (*flight) {
    const Status written = (*flight)->end(**recorder, output, output.why(signal));
    if (!ended) return ended;
    return written ? contradicted : written;
  }
  output.tell_end(closed);
  return closed ? contradicted : closed;
}

int run_record(const RecordArguments& arguments, const ProgramToStart& to_start) {
  SpawnedProgram program(to_start, arguments.user);
  auto held = StopSignal::make(program.signals(!arguments.last.empty()));
  if (!held) return report_error(held.error());
  std::optional<StopSignal> stop(std::move(*held));
  // It asks for a window of --last; where there is none it must not end the recording.
  if (!program.wanted() && arguments.last.empty()) std::signal(SIGUSR1, SIG_IGN);
  const auto done = record(arguments, program, stop);
  return program.finish(stop, done ? kExitDone : report_error(done.error()));
}

}  // namespace

void add_record_command(CLI::App& app, const ProgramToStart& program, int& exit) {
  auto arguments = std::make_shared<RecordArguments>();
  CLI::App* command = app.add_subcommand("record", "write all that goroutines do to a capture file");
  command->footer(
      "Example: gorotrace record -p 4242 -d 30s -o incident.gtr\n"
      "         gorotrace record -p 4242 --last 60s --until 'blocked>5s:500' -o incident.gtr\n"
      "         gorotrace record -o run.gtr -- ./app -its options\n"
      "Ctrl-C, SIGTERM and SIGHUP end the recording of a process; what was recorded is whole.\n"
      "A program behind -- is started, and recorded from its first instruction until it ends; processes that "
      "it starts are not followed. It has the terminal and its signals, and the exit code is its own (128 "
      "and "
      "the number of the signal that killed it). -d and --max-size end the recording, not the program. Under "
      "sudo it runs as the user who called it.\n"
      "Exit codes: 0 done, 1 failed, 2 usage, 3 target not supported.");
  add_session_options(
      *command, arguments->session, kRecordedGroups,
      "groups that take more are detached until the end; 10%,phases: they are on now and then, so "
      "that the average keeps to it");
  command->get_option("--pid")->required(false);
  command
      ->add_option("-u,--user", arguments->user,
                   "run PROGRAM as this user, a name or a number, with the user's groups; when absent as who "
                   "called sudo, else as you")
      ->type_name("USER");
  command
      ->add_option("-o,--output", arguments->output,
                   "the capture file; what it holds already is kept as FILE.old, once the recording goes on")
      ->type_name("FILE")
      ->required();
  command
      ->add_option("--max-size", arguments->max_size,
                   "end the recording once the file has reached this size (512m, 1G), never when absent; "
                   "with --last: what the window may take in memory, 256m when absent")
      ->type_name("SIZE");
  command
      ->add_option("--by", arguments->by,
                   "tell waits apart by the value of this goroutine label, in reports of the file and as "
                   "labels of its profiles")
      ->type_name("label:KEY")
      ->option_text("label:");
  command
      ->add_option(
          "--last", arguments->last,
          "keep only the last part, of this length (60s), in memory, and write it at the end, and at "
          "each SIGUSR1 while the recording goes on (f.gtr, f.2.gtr, ...)")
      ->type_name("TIME");
  command
      ->add_option("--until", arguments->until,
                   "end the recording once goroutines>N, or blocked>TIME:N: N goroutines or more have been "
                   "blocked for longer (one: blocked>TIME), or panic: a goroutine panics, recovered or not "
                   "(panic>N: more than N times); several: repeated, the first one counts")
      ->type_name("CONDITION")
      ->allow_extra_args(false);
  command->callback([arguments, &program, &exit] { exit = run_record(*arguments, program); });
}

}  // namespace gorotrace
