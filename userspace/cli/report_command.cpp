// gorotrace report: what stat would have said at the end of a recording.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <ctime>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/plural.h"
#include "base/text.h"
#include "cli/capture_input.h"
#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/file_damage_text.h"
#include "cli/output_file.h"
#include "cli/part_arguments.h"
#include "cli/row_arguments.h"
#include "cli/terminal.h"
#include "cli/version.h"
#include "html/html_page.h"
#include "recording/replay.h"
#include "report/chains_text.h"
#include "report/stat_json.h"
#include "report/stat_text.h"

namespace gorotrace {
namespace {

// A chart of a page has about a point for each four pixels.
constexpr std::size_t kMoments = 300;

struct ReportArguments {  // as typed
  std::string file, out;
  PartArguments part;
  RowArguments rows;
  bool json = false, html = false;
  bool of_text_alone = false;  // an option that says how text shows its rows
};

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

// For each target of the recording: the rows that are asked for, in its own wait reasons.
Result<std::vector<RowOptions>> rows_of_targets(const RowOptions& asked, const ReportArguments& a,
                                                const Recording& recording) {
  std::vector<RowOptions> rows;
  for (const auto& target : recording.targets) {
    rows.push_back(asked);
    if (a.rows.by.empty() && !target->label_key.empty()) {  // the file's own
      rows.back().by = FoldBy::kLabel;
      rows.back().label_key = target->label_key;
    }
    if (rows.back().label_key != target->label_key) {
      const std::string key = printable(target->label_key, 64), by = printable(asked.label_key, 64);
      return fail(ErrorKind::kUsage,
                  asked.label_key.empty()
                      ? fmt::format("{} was recorded by label {}: leave --by out, or give --by label:{}",
                                    printable(a.file), key, key)
                      : fmt::format("{} was not recorded by label {}: record --by label:{} does that",
                                    printable(a.file), by, by));
    }
    if (auto known =
            rows.back().filter.find_reasons(target->facts.wait_reasons, target->facts.target.go_version);
        !known)
      return wrap(known.error(), "--where");
  }
  return rows;
}

void write_json(OutputFile& out, const Recording& recording, const std::vector<RowOptions>& rows) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    RecordedTarget& target = *recording.targets[i];
    StackNumbers stacks;
    JsonWriter json(out.sink());
    stat_summary_json(json, target.facts, target.tables, target.symbols, stacks,
                      {.rows = rows[i], .lack = &target.lack});
    json.end_line();
  }
}

void write_html(OutputFile& out, const ReportArguments& a, const PartWanted& part, const Recording& recording,
                const std::vector<RowOptions>& rows) {
  HtmlCapture capture;
  capture.file = a.file;
  capture.version = version_text().substr(0, version_text().find('\n'));
  capture.damage = file_damage_text(recording.damage, recorded_ns(recording, part));
  if (recording.clocks)
    capture.realtime_at_0_ns =
        recording.clocks->realtime_ns - static_cast<std::int64_t>(recording.clocks->monotonic_ns);
  capture.records = recording.records;
  capture.lost = recording.lost;
  capture.from_ns = part.from_ns;
  capture.to_ns = part.to_ns;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    RecordedTarget& target = *recording.targets[i];
    capture.targets.push_back({target.facts, target.tables, target.symbols, target.series, rows[i]});
  }
  write_html_page(out.sink(), capture);
}

void write_text(OutputFile& out, const ReportArguments& a, const CommonOptions& common,
                const Recording& recording, const std::vector<RowOptions>& rows) {
  const Screen screen = gorotrace::screen(common.colour);
  const bool on_screen = a.out.empty() || a.out == "-";
  out.write(head(a.file, recording));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    RecordedTarget& target = *recording.targets[i];
    StatTextOptions text;
    text.several = recording.targets.size() > 1;
    text.width = screen.width;
    text.screen = on_screen && screen.terminal;
    text.limit = a.rows.limit;
    text.stacks = a.rows.stacks;
    text.rows = rows[i];
    text.lack = &target.lack;
    text.colour = on_screen && screen.colour;
    const auto chosen = wait_filter(target.facts, target.tables, target.symbols, text.rows.filter);
    const ChainsTextOptions chains{.width = text.width,
                                   .limit = text.limit,
                                   .colour = text.colour,
                                   .system = text.rows.filter.system,
                                   .by_count = text.rows.sort == RowSort::kCount,
                                   .shown = [&chosen](const WaitChain& chain) {
                                     BlockingRow row;
                                     row.stack = chain.stack;
                                     row.reason = chain.reason;
                                     return chosen(row);
                                   }};
    out.write((i == 0 ? "" : "\n") +
              for_locale(stat_summary_text(target.facts, target.tables, target.symbols, text) +
                         chains_text(target.chains, target.symbols, target.facts.wait_reasons, chains)));
  }
}

Status report(const ReportArguments& a, const CommonOptions& common) {
  auto asked = row_options(a.rows);
  if (!asked) return std::unexpected(asked.error());
  const auto part = part_wanted(a.part);
  if (!part) return std::unexpected(part.error());
  if (a.html && a.json) return fail(ErrorKind::kUsage, "--html and --json: one of them");
  if (a.html && a.of_text_alone)
    return fail(
        ErrorKind::kUsage,
        "--limit and --stacks: a page has all rows and whole stacks, to be sorted and filtered there");
  if (a.html && a.out.empty())
    return fail(ErrorKind::kUsage, "--html needs -o FILE, the page; -o - is stdout");
  if (auto spared = spare_input(a.file, a.out); !spared) return spared;
  auto recording =
      replay_capture(a.file, *part, {.moments = a.html ? kMoments : 0, .chains = !a.json && !a.html});
  if (!recording) return std::unexpected(recording.error());
  if (recording->targets.empty()) return fail(ErrorKind::kFailed, fmt::format("{} holds no target", a.file));
  const auto rows = rows_of_targets(*asked, a, *recording);
  if (!rows) return std::unexpected(rows.error());
  auto out = OutputFile::open(a.out);
  if (!out) return std::unexpected(out.error());
  if (a.html) {
    write_html(*out, a, *part, *recording, *rows);
  } else if (a.json) {
    write_json(*out, *recording, *rows);
  } else {
    write_text(*out, a, common, *recording, *rows);
  }
  return out->commit();
}

}  // namespace

void add_report_command(CLI::App& app, const CommonOptions& common, int& exit) {
  auto arguments = std::make_shared<ReportArguments>();
  CLI::App* command =
      app.add_subcommand("report", "what a capture file tells: the summary of stat, on any machine");
  command->footer(
      "Example: gorotrace report incident.gtr\n"
      "Needs neither root nor the process nor its binary.\n"
      "Exit codes: 0 done, 1 failed, 2 usage, 3 a file of a newer version.");
  command->add_option("FILE", arguments->file, "a capture file (gorotrace record)")
      ->type_name("FILE")
      ->required();
  add_row_options(*command, arguments->rows);
  add_part_options(*command, arguments->part);
  command->add_flag("--json", arguments->json,
                    "one JSON object per target (stat.schema.json, installed in share/gorotrace)");
  command->add_flag("--html", arguments->html,
                    "one page for a browser, with charts and flame graphs; needs no network");
  command->add_option("-o,--output", arguments->out, "write to this file instead of stdout")
      ->type_name("FILE");
  command->callback([arguments, command, &common, &exit] {
    arguments->of_text_alone = command->count("--limit") + command->count("--stacks") != 0;
    auto done = report(*arguments, common);
    exit = done ? kExitDone : report_error(done.error());
  });
}

}  // namespace gorotrace
