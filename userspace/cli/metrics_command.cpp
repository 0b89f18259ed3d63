// gorotrace metrics: what runtime/metrics would report in the process, read from outside.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/output_file.h"
#include "golang/metrics_layout.h"
#include "metrics/metrics.h"
#include "metrics/reader.h"
#include "process/discovery.h"
#include "report/metrics_report.h"
#include "session/target.h"

namespace gorotrace {
namespace {

Result<MetricsReport> read_report(pid_t pid) {
  auto opened = Target::open(pid);
  if (!opened) return std::unexpected(opened.error());
  const Target& target = **opened;
  const GoBinary& go = target.binary();
  const auto layout = find_metrics_layout(go);
  if (!layout) return std::unexpected(layout.error());
  const MetricsReader reader(target.process(), *layout, go.offsets(), go.version().minor, target.load_bias());

  const RuntimeWords words = reader.read();
  if (target.process().liveness() != Liveness::kAlive)
    return fail(ErrorKind::kNoProcess,
                fmt::format("process {} ended or was replaced while it was read", pid));
  MetricsReport report;
  report.target = {target.process().namespace_pid(),
                   pid,
                   target.process().executable(),
                   go.version().text,
                   go.main_module(),
                   go.main_version()};
  report.offsets = layout->offsets_source;
  report.time_ns = words.time_ns;
  report.took_ns = words.took_ns;
  report.metrics = metrics_of(words, go.version().minor);
  return report;
}

int run(const std::string& target_text, bool as_json) {
  const auto pid = resolve_target(target_text);
  if (!pid) return report_error(pid.error());
  const auto report = read_report(*pid);
  if (!report) return report_error(report.error());
  if (!as_json) return write_to_stdout(metrics_text(*report));
  return write_json_to_stdout([&](JsonWriter& out) { metrics_json(out, *report); });
}

}  // namespace

void add_metrics_command(CLI::App& app, int& exit) {
  struct Arguments {
    std::string target;
    bool json = false;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* metrics =
      app.add_subcommand("metrics", "what runtime/metrics would report, same names and units");
  metrics->footer(
      "Reads the runtime's own counters: sets no probe, stops nothing, needs no code in the process.\n"
      "Example: sudo gorotrace metrics -p 4242 --json\n"
      "Exit codes: 0 done, 1 failed, 2 usage, 3 target not supported.");
  metrics->add_option("-p,--pid,PID", arguments->target, "PID, container id prefix or unique process name")
      ->required();
  metrics->add_flag("--json", arguments->json, "one JSON object, histograms with all their buckets");
  metrics->callback([arguments, &exit] { exit = run(arguments->target, arguments->json); });
}

}  // namespace gorotrace
