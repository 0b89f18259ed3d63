// gorotrace diff: two capture files, or two dumps, held against each other.
#include <fmt/format.h>
#include <sys/types.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/capture_input.h"
#include "cli/commands.h"
#include "cli/dump_growth.h"
#include "cli/exit_codes.h"
#include "cli/option_values.h"
#include "cli/output_file.h"
#include "cli/terminal.h"
#include "recording/chunk_file.h"
#include "recording/replay.h"
#include "report/comparison_report.h"
#include "report/growth_report.h"

namespace gorotrace {
namespace {

struct DiffArguments {  // as typed
  std::string before, after;
  std::vector<pid_t> pids;
  std::size_t limit = 10;
  bool json = false;
};

// One side: a file, and which of its processes.
struct Side {
  Recording recording;
  RecordedTarget* target = nullptr;  // of the recording
};

Result<Side> read(const std::string& path, pid_t pid) {
  auto recording = replay_capture(path, {}, {});
  if (!recording) return std::unexpected(recording.error());
  const auto target = choose_target(path, pid, *recording);
  if (!target) return std::unexpected(target.error());
  return Side{std::move(*recording), *target};
}

// A file that was cut early may not say the module.
bool are_of_one_program(const TargetFacts& a, const TargetFacts& b) {
  if (!a.main_module.empty() && !b.main_module.empty()) return a.main_module == b.main_module;
  return std::filesystem::path(a.file).filename() == std::filesystem::path(b.file).filename();
}

// A PID alone may be another process's by now, or on another machine.
bool are_of_one_process(const RecordedTarget& a, const RecordedTarget& b) {
  return a.facts.target.host_pid == b.facts.target.host_pid && a.start_time_ticks == b.start_time_ticks;
}

Status comparable(const DiffArguments& a, const Side& before, const Side& after) {
  const TargetFacts &one = before.target->facts.target, &other = after.target->facts.target;
  if (!are_of_one_program(one, other))
    return fail(ErrorKind::kUsage, fmt::format("two programs do not compare: {} is of {}, {} of {}", a.before,
                                               one.program(), a.after, other.program()));
  for (const auto& [group, what] : {std::pair{GT_GROUP_BLOCK, "places where goroutines waited"},
                                    std::pair{GT_GROUP_SYSCALL, "system calls"},
                                    std::pair{GT_GROUP_PANIC, "panics"}, std::pair{GT_GROUP_GC, "pauses"}}) {
    const auto saw = [group](const Side& side) { return !side.target->tables.covered[group].empty(); };
    if (saw(before) != saw(after))
      tell(fmt::format("{} has no probes of the {} group: {} do not compare",
                       saw(before) ? a.after : a.before, name_of(group), what));
  }
  const auto &earlier = before.recording.clocks, &later = after.recording.clocks;
  if (earlier && later && earlier->realtime_ns > later->realtime_ns &&
      are_of_one_process(*before.target, *after.target))
    return fail(ErrorKind::kUsage,
                fmt::format("{} was recorded after {}: give the earlier one first", a.before, a.after));
  return {};
}

Status compare_recordings(const DiffArguments& a, const Screen& screen, OutputFile& out) {
  auto before = read(a.before, a.pids.empty() ? 0 : a.pids.front());
  if (!before) return std::unexpected(before.error());
  auto after = read(a.after, a.pids.empty() ? 0 : a.pids.back());
  if (!after) return std::unexpected(after.error());
  if (auto can = comparable(a, *before, *after); !can) return can;
  RecordedTarget &one = *before->target, &other = *after->target;
  const ComparedWindow from{one.facts, one.tables, one.symbols}, to{other.facts, other.tables, other.symbols};
  if (a.json) {
    JsonWriter json(out.sink());
    comparison_json(json, from, to);
    json.end_line();
  } else {
    out.write(for_locale(comparison_text(
        from, to, {.limit = a.limit, .width = screen.name_width(), .colour = screen.colour})));
  }
  return out.commit();
}

Status compare_dumps(const DiffArguments& a, const Screen& screen, OutputFile& out) {
  const auto growth = growth_between(a.before, a.after);
  if (!growth) return std::unexpected(growth.error());
  if (a.json) {
    JsonWriter json(out.sink());
    growth_json(json, *growth);
    json.end_line();
  } else {
    out.write(for_locale(
        growth_text(*growth, {.limit = a.limit, .width = screen.name_width(), .colour = screen.colour})));
  }
  return out.commit();
}

Status diff(const DiffArguments& a, const CommonOptions& common) {
  if (a.pids.size() > 2) return fail(ErrorKind::kUsage, "-p: once for both files, or once for each");
  const auto one = is_capture_file(a.before), other = is_capture_file(a.after);
  if (!one) return std::unexpected(one.error());
  if (!other) return std::unexpected(other.error());
  if (*one != *other)
    return fail(ErrorKind::kUsage, fmt::format("{} is a capture file, {} is none: give two of a kind",
                                               *one ? a.before : a.after, *one ? a.after : a.before));
  if (!*one && !a.pids.empty()) return fail(ErrorKind::kUsage, "-p: a dump is of one process");
  auto out = OutputFile::open("");
  if (!out) return std::unexpected(out.error());
  const Screen on = screen(common.colour);
  return *one ? compare_recordings(a, on, *out) : compare_dumps(a, on, *out);
}

}  // namespace

void add_diff_command(CLI::App& app, const CommonOptions& common, int& exit) {
  auto arguments = std::make_shared<DiffArguments>();
  CLI::App* command =
      app.add_subcommand("diff", "what grew, what got slower, what is new between two recordings or dumps");
  command->footer(
      "Example: gorotrace diff before.gtr after.gtr\n"
      "Two capture files (gorotrace record) or two dumps (dump --format json) of one program.\n"
      "Exit codes: 0 done, 1 failed, 2 usage (two programs, too), 3 a file of a newer version.");
  command->add_option("BEFORE", arguments->before, "the earlier file")->type_name("FILE")->required();
  command->add_option("AFTER", arguments->after, "the later file")->type_name("FILE")->required();
  command
      ->add_option(
          "-p,--pid", arguments->pids,
          "which process, of files that hold several: once for both files, or for BEFORE and then for "
          "AFTER")
      ->type_name("PID")
      ->allow_extra_args(false);
  command->add_option("--limit", arguments->limit, "rows per table, 0 for all")
      ->type_name("N")
      ->check(refuse_count)
      ->capture_default_str();
  command->add_flag(
      "--json", arguments->json,
      "one JSON object (comparison.schema.json, growth.schema.json, installed in share/gorotrace)");
  command->callback([arguments, &common, &exit] {
    auto done = diff(*arguments, common);
    exit = done ? kExitDone : report_error(done.error());
  });
}

}  // namespace gorotrace
