// gorotrace diff: two capture files, or two dumps, held against each other.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "cli/commands.h"
#include "cli/dump_growth.h"
#include "cli/exit_codes.h"
#include "cli/file_damage_text.h"
#include "cli/option_values.h"
#include "cli/output_file.h"
#include "cli/terminal.h"
#include "recording/chunk_format.h"
#include "recording/replay.h"
#include "report/comparison_report.h"
#include "report/growth_report.h"

namespace gorotrace {
namespace {

struct Arguments {  // as typed
  std::string before, after;
  std::size_t limit = 10;
  bool json = false;
};

bool is_capture_file(const std::string& path) {
  struct Close {
    void operator()(std::FILE* f) const { std::fclose(f); }
  };
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "re"));
  std::array<std::uint8_t, kMagic.size()> head{};
  return file && std::fread(head.data(), 1, head.size(), file.get()) == head.size() && head == kMagic;
}

// One of them: which is meant nobody could tell.
Result<Recording> read(const std::string& path) {
  auto recording = replay(path);
  if (!recording) return recording;
  if (const std::string damage = file_damage_text(recording->damage); !damage.empty())
    tell(fmt::format("{}: {}", path, damage));
  if (recording->targets.size() != 1)
    return fail(
        recording->targets.empty() ? ErrorKind::kFailed : ErrorKind::kUsage,
        fmt::format("{} holds {} processes: diff compares files of one", path, recording->targets.size()));
  return recording;
}

// A file that was cut early may not say the module.
bool are_of_one_program(const TargetFacts& a, const TargetFacts& b) {
  if (!a.main_module.empty() && !b.main_module.empty()) return a.main_module == b.main_module;
  return std::filesystem::path(a.file).filename() == std::filesystem::path(b.file).filename();
}

Status comparable(const Arguments& a, const Recording& before, const Recording& after) {
  const TargetFacts &one = before.targets[0]->facts.target, &other = after.targets[0]->facts.target;
  if (!are_of_one_program(one, other))
    return fail(ErrorKind::kUsage, fmt::format("two programs do not compare: {} is of {}, {} of {}", a.before,
                                               one.program(), a.after, other.program()));
  const auto saw_waits = [](const Recording& r) {
    return !r.targets[0]->tables.covered[GT_GROUP_BLOCK].empty();
  };
  if (saw_waits(before) != saw_waits(after))
    tell(fmt::format("{} has no probes of the block group: places where goroutines waited do not compare",
                     saw_waits(before) ? a.after : a.before));
  if (before.clocks && after.clocks && before.clocks->realtime_ns > after.clocks->realtime_ns &&
      one.host_pid == other.host_pid)
    return fail(ErrorKind::kUsage,
                fmt::format("{} was recorded after {}: give the earlier one first", a.before, a.after));
  return {};
}

Status compare_recordings(const Arguments& a, const Screen& screen, OutputFile& out) {
  auto before = read(a.before), after = read(a.after);
  if (!before) return std::unexpected(before.error());
  if (!after) return std::unexpected(after.error());
  if (auto can = comparable(a, *before, *after); !can) return can;
  RecordedTarget &one = *before->targets[0], &other = *after->targets[0];
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

Status compare_dumps(const Arguments& a, const Screen& screen, OutputFile& out) {
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

Status diff(const Arguments& a, const CommonOptions& common) {
  for (const std::string& path : {a.before, a.after}) {
    if (::access(path.c_str(), R_OK) != 0) return fail_errno(errno, "cannot open " + path);
  }
  const bool one = is_capture_file(a.before), other = is_capture_file(a.after);
  if (one != other)
    return fail(ErrorKind::kUsage, fmt::format("{} is a capture file, {} is none: give two of a kind",
                                               one ? a.before : a.after, one ? a.after : a.before));
  auto out = OutputFile::open("");
  if (!out) return std::unexpected(out.error());
  const Screen on = screen(common.colour);
  return one ? compare_recordings(a, on, *out) : compare_dumps(a, on, *out);
}

}  // namespace

void add_diff_command(CLI::App& app, const CommonOptions& common, int& exit) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("diff", "what grew, what got slower, what is new between two recordings or dumps");
  command->footer(
      "Example: gorotrace diff before.gtr after.gtr\n"
      "Two capture files (gorotrace record) or two dumps (dump --format json) of one program. Exit codes: 0 "
      "done, 1 failed, 2 usage (two programs, too), 3 a file of a newer version.");
  command->add_option("BEFORE", arguments->before, "the earlier file")->required();
  command->add_option("AFTER", arguments->after, "the later file")->required();
  command->add_option("--limit", arguments->limit, "rows per table; 0 shows all")->check(refuse_count);
  command->add_flag("--json", arguments->json,
                    "one JSON object (userspace/report/comparison.schema.json, growth.schema.json)");
  command->callback([arguments, &common, &exit] {
    auto done = diff(*arguments, common);
    exit = done ? kExitDone : report_error(done.error());
  });
}

}  // namespace gorotrace
