// gorotrace metrics: what runtime/metrics would report in the process, read from outside.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/event_loop.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/open_target.h"
#include "cli/output_file.h"
#include "cli/stop_signal.h"
#include "cli/terminal.h"
#include "cli/time_of_day.h"
#include "metrics/metrics.h"
#include "metrics/reader.h"
#include "report/metrics_report.h"
#include "session/target.h"

namespace gorotrace {
namespace {

struct MetricsArguments {
  std::string target, interval, duration;
  bool json = false;
};

// The same words of one process, as often as they are asked for.
class Metrics {
 public:
  [[nodiscard]] static Result<Metrics> open(const std::string& target) {
    auto opened = open_target(target);
    if (!opened) return std::unexpected(opened.error());
    if (const auto& layout = (*opened)->metrics_layout(); !layout) return std::unexpected(layout.error());
    return Metrics(*std::move(opened));
  }

  [[nodiscard]] Result<MetricsReport> read() const {
    const GoBinary& go = target_->binary();
    const MetricsLayout& layout = *target_->metrics_layout();
    MetricsReader reader(target_->process(), layout, go.offsets(), go.version().minor, target_->load_bias());
    const RuntimeWords words = reader.read();
    const pid_t pid = target_->process().pid();
    if (target_->process().liveness() != Liveness::kAlive)
      return fail(ErrorKind::kNoProcess,
                  fmt::format("process {} ended or was replaced while it was read", pid));
    MetricsReport report;
    report.target = target_->facts();
    report.offsets = layout.offsets_source;
    report.time_ns = words.time_ns;
    report.took_ns = words.took_ns;
    report.metrics = metrics_of(words, go.version().minor);
    return report;
  }

 private:
  explicit Metrics(std::unique_ptr<Target> target) : target_(std::move(target)) {}

  std::unique_ptr<Target> target_;
};

int write_report(const MetricsReport& report, const MetricsReport* before, const MetricsArguments& arguments,
                 const CommonOptions& common) {
  if (arguments.json) return write_json_to_stdout([&](JsonWriter& out) { metrics_json(out, report); });
  return write_to_stdout(for_locale(
      metrics_text(report, {.width = screen(common.colour).name_width(),
                            .before = before,
                            .time = arguments.interval.empty() ? "" : time_of_day(report.time_ns)})));
}

// Until the duration is over, a signal comes or the process ends, which is no error once it was read.
int repeat(const Metrics& metrics, std::chrono::nanoseconds interval,
           std::optional<std::chrono::nanoseconds> duration, const MetricsArguments& arguments,
           const CommonOptions& common) {
  auto stop = StopSignal::make();
  if (!stop) return report_error(stop.error());
  auto made = EventLoop::make();
  if (!made) return report_error(made.error());
  EventLoop& loop = *made;
  std::optional<MetricsReport> last;
  int exit = kExitDone;
  const auto read = [&] {
    auto report = metrics.read();
    if (!report) {
      if (!last || report.error().kind != ErrorKind::kNoProcess) exit = report_error(report.error());
      if (last && exit == kExitDone) tell(report.error().message);
      loop.stop();
      return;
    }
    exit = write_report(*report, last ? &*last : nullptr, arguments, common);
    last = std::move(*report);
    if (exit != kExitDone) loop.stop();
  };
  const auto watched = loop.on_readable(stop->fd(), [&] {
    if (stop->take()) loop.stop();
  });
  if (!watched) return report_error(watched.error());
  const MonotonicTime begin = loop.timers().now();
  loop.timers().at(begin, read);
  loop.timers().every(interval, begin + interval, read);
  if (duration) loop.timers().at(begin + *duration, [&] { loop.stop(); });
  if (auto ran = loop.run(); !ran) return report_error(ran.error());
  return exit;
}

int run_metrics(const MetricsArguments& arguments, const CommonOptions& common) {
  std::optional<std::chrono::nanoseconds> interval, duration;
  if (!arguments.interval.empty()) {
    const auto given = parse_duration(arguments.interval);
    if (!given) return report_error(wrap(given.error(), "-i").error());
    if (*given < std::chrono::milliseconds(100))
      return report_error({ErrorKind::kUsage, "-i: the shortest interval is 100ms"});
    interval = *given;
  }
  if (!arguments.duration.empty()) {
    const auto given = parse_duration(arguments.duration);
    if (!given) return report_error(wrap(given.error(), "-d").error());
    if (!interval || given->count() == 0)
      return report_error({ErrorKind::kUsage,
                           interval ? "-d must be greater than 0"
                                    : "-d ends readings that -i repeats, and without -i there is one alone: "
                                      "give -i, too"});
    duration = *given;
  }
  const auto metrics = Metrics::open(arguments.target);
  if (!metrics) return report_error(metrics.error());
  if (interval) return repeat(*metrics, *interval, duration, arguments, common);
  const auto report = metrics->read();
  return report ? write_report(*report, nullptr, arguments, common) : report_error(report.error());
}

}  // namespace

void add_metrics_command(CLI::App& app, const CommonOptions& common, int& exit) {
  auto arguments = std::make_shared<MetricsArguments>();
  CLI::App* metrics =
      app.add_subcommand("metrics", "what runtime/metrics would report, same names and units");
  metrics->footer(
      "Reads the runtime's own counters: sets no probe, stops nothing, needs no code in the process.\n"
      "Example: sudo gorotrace metrics -p 4242 --json\n"
      "         sudo gorotrace metrics -p 4242 -i 2s -d 1m\n"
      "Exit codes: 0 done, 1 failed, 2 usage, 3 target not supported.");
  metrics->add_option("-p,--pid,PID", arguments->target, kTargetHelp)->type_name("TARGET")->required();
  metrics
      ->add_option(
          "-i,--interval", arguments->interval,
          "read again this often (2s), and show what changed, until Ctrl-C or -d; when absent one reading")
      ->type_name("TIME");
  metrics->add_option("-d,--duration", arguments->duration, "with -i: for this long (1m)")->type_name("TIME");
  metrics->add_flag("--json", arguments->json,
                    "one JSON object for each reading, histograms with all their buckets");
  metrics->callback([arguments, &common, &exit] { exit = run_metrics(*arguments, common); });
}

}  // namespace gorotrace
