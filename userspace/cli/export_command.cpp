// gorotrace export: a capture file in the formats of other tools.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/text.h"
#include "cli/capture_input.h"
#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/export_trace.h"
#include "cli/option_values.h"
#include "cli/output_file.h"
#include "cli/part_arguments.h"
#include "export/capture_formats.h"
#include "export/items_json.h"
#include "export/timeline.h"

namespace gorotrace {
namespace {

struct ExportArguments {  // as typed
  std::string file, to, output;
  pid_t pid = 0;
  std::optional<unsigned> trace_version;
  std::optional<std::string> slice;
  PartArguments part{.to_option = "--before", .from = {}, .to = {}};  // --to is the format
};

using AnyFormat = std::variant<CaptureFormat, TraceFormat, StreamFormat>;

std::string all_formats(std::string_view between) {
  return fmt::format("{}{}{}{}{}", all_names<TraceFormat>(between), between,
                     all_names<CaptureFormat>(between), between, all_names<StreamFormat>(between));
}

// "go-trace, perfetto: lifecycle,block,run,syscall; pprof-block, ...: block; ..."
std::string groups_of_formats() {
  GroupMask of_traces = 0;
  for (const gt_group group : kTraceGroups) of_traces |= group_bit(group);
  std::vector<std::pair<GroupMask, std::string>> all{{of_traces, all_names<TraceFormat>(", ")}};
  for (const auto& [format, name] : kEnumNames<CaptureFormat>) {
    const GroupMask needed = groups_needed(format);
    const auto same = std::ranges::find(all, needed, &std::pair<GroupMask, std::string>::first);
    if (same == all.end()) {
      all.emplace_back(needed, name);
    } else {
      same->second += std::string(", ") + name;
    }
  }
  std::string text;
  for (const auto& [groups, formats] : all)
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", formats, group_list(groups));
  return text;
}

Result<AnyFormat> format_of(const ExportArguments& a) {
  const auto tables = value_named<CaptureFormat>(a.to);
  const auto trace = value_named<TraceFormat>(a.to);
  const auto stream = value_named<StreamFormat>(a.to);
  if (!tables && !trace && !stream && parse_duration(a.to))
    return fail(ErrorKind::kUsage, fmt::format("--to takes a format here, one of {}; only a part of the "
                                               "recording: --before {}",
                                               all_formats(", "), a.to));
  if (!tables && !trace && !stream)
    return fail(ErrorKind::kUsage, fmt::format("--to: \"{}\" is not known; give one of {}",
                                               printable(a.to, 64), all_formats(", ")));
  const bool to_terminal = (a.output.empty() || a.output == "-") && ::isatty(STDOUT_FILENO) == 1;
  if ((trace || (tables && is_binary(*tables))) && to_terminal)
    return fail(ErrorKind::kUsage, fmt::format("{} is binary: give -o FILE", a.to));
  if (trace != TraceFormat::kGoTrace && (a.trace_version || a.slice))
    return fail(ErrorKind::kUsage, "--trace-version and --slice are for --to go-trace");
  if (stream) return *stream;
  return trace ? AnyFormat(*trace) : AnyFormat(*tables);
}

Result<GoTraceOptions> go_trace_options(const ExportArguments& a) {
  GoTraceOptions options;
  if (a.trace_version) options.version = *a.trace_version;
  if (!is_trace_version(options.version)) {
    return fail(ErrorKind::kUsage,
                fmt::format("--trace-version: {} is no version of the format; give 22, 23, "
                            "25 or 26",
                            options.version));
  }
  if (!a.slice) return options;
  const auto slice = parse_slice(*a.slice);
  if (!slice) return std::unexpected(slice.error());
  options.events_per_file = *slice;
  return options;
}

Status export_items(const ExportArguments& a) {
  if (a.pid != 0) return fail(ErrorKind::kUsage, "-p: json is of all processes of the file");
  if (!a.part.from.empty() || !a.part.to.empty())
    return fail(
        ErrorKind::kUsage,
        "--from and --before: json has a line for each event, with its time (at_ns): choose among them");
  auto out = OutputFile::open(a.output);
  if (!out) return std::unexpected(out.error());
  ItemsJson json(out->sink());
  auto read = read_capture(
      a.file,
      [&](const FileItem& item) {
        json.take(item);
        return Status{};
      },
      [&] {
        json.gap();
        return Status{};
      });
  if (!read) return read;
  if (!json.has_target()) return fail(ErrorKind::kFailed, fmt::format("{} holds no target", a.file));
  return out->commit();
}

Status export_tables(CaptureFormat format, const PartWanted& part, const ExportArguments& a) {
  auto recording = replay_capture(a.file, part, details_needed(format));
  if (!recording) return std::unexpected(recording.error());
  const auto target = choose_target(a.file, a.pid, *recording);
  if (!target) return std::unexpected(target.error());
  if (auto had = check_groups(format, **target); !had) return had;
  auto out = OutputFile::open(a.output);
  if (!out) return std::unexpected(out.error());
  if (auto written = write_capture(format, **target, time_of(**target, recording->clocks), out->sink());
      !written)
    return written;
  return out->commit();
}

Status export_file(const ExportArguments& a) {
  const auto format = format_of(a);
  if (!format) return std::unexpected(format.error());
  if (auto spared = spare_input(a.file, a.output); !spared) return spared;
  if (std::holds_alternative<StreamFormat>(*format)) return export_items(a);
  const auto part = part_wanted(a.part);
  if (!part) return std::unexpected(part.error());
  if (const auto* tables = std::get_if<CaptureFormat>(&*format)) return export_tables(*tables, *part, a);
  const auto options = go_trace_options(a);
  if (!options) return std::unexpected(options.error());
  return export_trace(
      std::get<TraceFormat>(*format),
      {.file = a.file, .output = a.output, .pid = a.pid, .part = *part, .go_trace = *options});
}

}  // namespace

void add_export_command(CLI::App& app, int& exit) {
  auto arguments = std::make_shared<ExportArguments>();
  CLI::App* command = app.add_subcommand("export", "a capture file in the formats of other tools");
  command->footer(
      "Example: gorotrace export --to pprof-block incident.gtr -o block.pb.gz && go tool pprof -top "
      "block.pb.gz\n"
      "Groups that a format needs: " +
      groups_of_formats() +
      ". Panics and pauses are in traces if their groups, panic and gc, were on.\n"
      "Exit codes: 0 done, 1 failed, 2 usage, 3 the recording lacks what the format needs, or a newer "
      "version wrote it.");
  command->add_option("FILE", arguments->file, "a capture file (gorotrace record)")
      ->type_name("FILE")
      ->required();
  command->add_option("--to", arguments->to, "one of " + all_formats(", "))
      ->type_name("FORMAT")
      ->option_text(all_formats(" "))
      ->required();
  command
      ->add_option("-o,--output", arguments->output,
                   "write to this file instead of stdout; what is binary goes to no terminal")
      ->type_name("FILE");
  command->add_option("-p,--pid", arguments->pid, "which process, when several were recorded")
      ->type_name("PID");
  add_part_options(*command, arguments->part);
  command
      ->add_option("--trace-version", arguments->trace_version,
                   "of go-trace: 22, which every go tool trace since 1.22 reads, 23, 25 or 26")
      ->type_name("VERSION")
      ->option_text("22 23 25 26")
      ->default_str("22");
  command
      ->add_option(
          "--slice", arguments->slice,
          "of go-trace: events in a file, 0 for one file with all; more go to OUT.000, OUT.001, ... Where "
          "such files are there already nothing is written: none of a longer export stays among the new ones")
      ->type_name("N")
      ->default_str("1M");
  command->callback([arguments, &exit] {
    auto done = export_file(*arguments);
    exit = done ? kExitDone : report_error(done.error());
  });
}

}  // namespace gorotrace
