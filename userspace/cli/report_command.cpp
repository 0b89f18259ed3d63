// gorotrace report: what stat would have said at the end of a recording.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <ctime>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/plural.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/file_damage_text.h"
#include "cli/output_file.h"
#include "cli/row_arguments.h"
#include "cli/terminal.h"
#include "recording/replay.h"
#include "report/chains_text.h"
#include "report/stat_json.h"
#include "report/stat_text.h"

namespace gorotrace {
namespace {

struct Arguments {  // as typed
  std::string file, from, to;
  RowArguments rows;
  bool json = false;
};

Result<PartWanted> part_of(const Arguments& a) {
  PartWanted part;
  for (const auto& [text, option, into] :
       {std::tuple(&a.from, "--from", &part.from_ns), std::tuple(&a.to, "--to", &part.to_ns)}) {
    if (text->empty()) continue;
    const auto time = parse_duration(*text);
    if (!time) return wrap(time.error(), option);
    *into = static_cast<std::uint64_t>(time->count());
  }
  if (part.from_ns && part.to_ns && *part.from_ns >= *part.to_ns)
    return fail(ErrorKind::kUsage, "--from must lie before --to");
  return part;
}

// Which file, when it was recorded, and how much of it there is.
std::string head(const std::string& file, const Recording& recording) {
  std::string text = printable(file);
  if (recording.clocks) {
    const auto seconds = static_cast<std::time_t>(recording.clocks->realtime_ns / 1'000'000'000);
    std::tm time{};
    std::array<char, 32> date{};
    if (::gmtime_r(&seconds, &time) != nullptr &&
        std::strftime(date.data(), date.size(), "%Y-%m-%d %H:%M:%S UTC", &time) != 0)
      text += fmt::format("  recorded {}", date.data());
  }
  text += fmt::format("  {}", plural(recording.records, "event"));
  if (recording.lost != 0) text += fmt::format(", {} lost", recording.lost);
  return for_locale(text + "\n\n");
}

Status report(const Arguments& a, const CommonOptions& common) {
  auto rows = row_options(a.rows);
  if (!rows) return std::unexpected(rows.error());
  const auto part = part_of(a);
  if (!part) return std::unexpected(part.error());
  auto recording = replay(a.file, *part, {.chains = !a.json});
  if (!recording) return std::unexpected(recording.error());
  if (const std::string damage = file_damage_text(recording->damage); !damage.empty())
    tell(fmt::format("{}: {}", a.file, damage));
  if (recording->targets.empty()) return fail(ErrorKind::kFailed, fmt::format("{} holds no target", a.file));
  auto out = OutputFile::open("");
  if (!out) return std::unexpected(out.error());
  const Screen screen = gorotrace::screen(common.colour);
  if (!a.json) out->write(head(a.file, *recording));
  bool first = true;
  for (const auto& target : recording->targets) {
    if (rows->label_key != target->label_key) {
      const std::string key = printable(target->label_key, 64);
      return fail(ErrorKind::kUsage,
                  rows->label_key.empty()
                      ? fmt::format("{} was recorded by label {}: give --by label:{}", a.file, key, key)
                      : fmt::format("{} was not recorded by label {}: stat --by label:{} --record does that",
                                    a.file, rows->label_key, rows->label_key));
    }
    RowOptions of_target = *rows;
    if (auto known =
            of_target.filter.find_reasons(target->facts.wait_reasons, target->facts.target.go_version);
        !known)
      return wrap(known.error(), "--where");
    if (a.json) {
      StackNumbers stacks;
      JsonWriter json(out->sink());
      stat_summary_json(json, target->facts, target->tables, target->symbols, stacks, {.rows = of_target});
      json.end_line();
    } else {
      StatTextOptions text;
      text.several = recording->targets.size() > 1;
      text.width = screen.width;
      text.screen = screen.terminal;
      text.limit = a.rows.limit;
      text.stacks = a.rows.stacks;
      text.rows = of_target;
      text.colour = screen.colour;
      const ChainsTextOptions chains{
          .width = text.width, .limit = text.limit, .colour = text.colour, .system = of_target.filter.system};
      out->write(
          (first ? "" : "\n") +
          for_locale(stat_summary_text(target->facts, target->tables, target->symbols, text) +
                     chains_text(target->chains, target->symbols, target->facts.wait_reasons, chains)));
    }
    first = false;
  }
  return out->commit();
}

}  // namespace

void add_report_command(CLI::App& app, const CommonOptions& common, int& exit) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("report", "what a capture file tells: the summary of stat, on any machine");
  command->footer(
      "Example: gorotrace report incident.gtr\n"
      "Needs neither root nor the process nor its binary. Exit codes: 0 done, 1 failed, 2 usage, 3 a file of "
      "a "
      "newer version.");
  command->add_option("FILE", arguments->file, "a capture file (gorotrace record)")->required();
  add_row_options(*command, arguments->rows);
  command->add_option("--from", arguments->from, "only from this time of the window on (3s)");
  command->add_option("--to", arguments->to, "only up to this time of the window");
  command->add_flag("--json", arguments->json,
                    "one JSON object per target (userspace/report/stat.schema.json)");
  command->callback([arguments, &common, &exit] {
    auto done = report(*arguments, common);
    exit = done ? kExitDone : report_error(done.error());
  });
}

}  // namespace gorotrace
