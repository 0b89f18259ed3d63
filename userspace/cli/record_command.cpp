// gorotrace record: attach, and write everything that is seen to a capture file.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
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
#include "cli/record_output.h"
#include "cli/session_arguments.h"
#include "cli/stat_window.h"
#include "cli/stop_signal.h"
#include "cli/until.h"
#include "session/session.h"

namespace gorotrace {
namespace {

// What exports need: who runs when, and what is in the kernel.
constexpr GroupMask kDefaultGroups = group_bit(GT_GROUP_LIFECYCLE) | group_bit(GT_GROUP_BLOCK) |
                                     group_bit(GT_GROUP_RUN) | group_bit(GT_GROUP_SYSCALL);

constexpr std::chrono::milliseconds kLineEach(1000);

// It is looked at ten times a second: less would be passed by far.
constexpr std::uint64_t kLeastBytes = 1u << 20;

struct Arguments {  // as typed
  SessionArguments session;
  std::string output, max_size, last;
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

Status record(const Arguments& arguments) {
  auto held = StopSignal::make();
  if (!held) return std::unexpected(held.error());
  std::optional<StopSignal> stop(std::move(*held));
  auto plan = understand(arguments.session, kDefaultGroups, false);
  if (!plan) return std::unexpected(plan.error());
  const auto max_bytes = max_bytes_of(arguments.max_size);
  if (!max_bytes) return std::unexpected(max_bytes.error());
  auto conditions = parse_until(arguments.until, plan->options.groups);
  if (!conditions) return std::unexpected(conditions.error());
  Until until(std::move(*conditions));
  auto flight = FlightRecorder::make(arguments.last, arguments.output, *max_bytes);
  if (!flight) return std::unexpected(flight.error());
  auto recorder = *flight ? (*flight)->recorder({.watch = until.watch()})
                          : Recorder::make(arguments.output, {.watch = until.watch()});
  if (!recorder) return std::unexpected(recorder.error());
  plan->options.recorder = recorder->get();
  RunStacks stacks;
  Status ended;
  std::optional<int> signal;
  RecordOutput output({.path = arguments.output,
                       .duration = plan->duration,
                       .max_bytes = *flight ? std::nullopt : *max_bytes,
                       .until = &until,
                       .flight = flight->get()},
                      **recorder);
  {
    auto session = attach(*plan, {}, stacks);
    if (!session) return std::unexpected(session.error());
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
    stop.reset();
  }
  auto closed = (*recorder)->close();
  if (*flight) {
    const Status written = (*flight)->end(**recorder, output, output.why(signal));
    return ended ? written : ended;
  }
  output.tell_end();
  return closed;
}

}  // namespace

void add_record_command(CLI::App& app, int& exit) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("record", "write all that goroutines do to a capture file");
  command->footer(
      "Example: gorotrace record -p 4242 -d 30s -o incident.gtr\n"
      "         gorotrace record -p 4242 --last 60s --until 'blocked>5s:500' -o incident.gtr\n"
      "Ctrl-C, SIGTERM and SIGHUP end the recording; what was recorded is whole. Exit codes: 0 done, 1 "
      "failed, 2 "
      "usage, 3 target not supported.");
  add_session_options(
      *command, arguments->session, kDefaultGroups,
      "groups that take more are detached until the end; 10%,phases: they are on now and then, so "
      "that the average keeps to it");
  command->add_option("-o,--output", arguments->output, "the capture file")->required();
  command->add_option("--max-size", arguments->max_size,
                      "end the recording once the file has reached this size (512m, 1G); with --last: what "
                      "the window may take in memory, 256m when absent");
  command->add_option(
      "--last", arguments->last,
      "keep only the last part, of this length (60s), in memory, and write it at the end, and at "
      "each SIGUSR1 while the recording goes on (f.gtr, f.2.gtr, ...)");
  command
      ->add_option("--until", arguments->until,
                   "end the recording once goroutines>N, or blocked>TIME:N: N goroutines or more have been "
                   "blocked for longer; several: repeated, the first one counts")
      ->allow_extra_args(false);
  command->callback([arguments, &exit] {
    auto done = record(*arguments);
    exit = done ? kExitDone : report_error(done.error());
  });
}

}  // namespace gorotrace
