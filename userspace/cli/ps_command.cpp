// gorotrace ps: the Go processes of this machine, and whether each can be traced.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/output_file.h"
#include "golang/buildinfo.h"
#include "golang/foreign.h"
#include "process/discovery.h"
#include "session/target.h"

namespace gorotrace {
namespace {

struct GoRow {
  ProcessRow process;
  std::string version = "?", module, link = "?";
  bool stripped = false;
  std::optional<std::int64_t> goroutines;
  std::string unsupported;  // why not; "" = can be traced
};

// nullopt: not a Go program.
std::optional<GoRow> describe(const ProcessRow& process) {
  GoRow row;
  row.process = process;
  auto target = Target::open(process.pid);
  if (!target) {
    // Only what a Go linker made is a row; a file that merely cannot be opened says nothing about Go.
    auto image = ElfImage::open(fmt::format("/proc/{}/exe", process.task));
    if (!image) return std::nullopt;
    const auto info = read_buildinfo(**image);
    if (!info && !Pclntab::make(**image) && !foreign_by_headers(**image) && !foreign_by_contents(**image))
      return std::nullopt;
    if (info && info->version) row.version = info->version->text;
    row.unsupported = target.error().message;
    return row;
  }
  const GoBinary& go = (*target)->binary();
  row.version = go.version().text;
  row.module = go.main_module() + (go.main_version().empty() ? "" : "@" + go.main_version());
  row.link = name_of(go.link_mode());
  row.stripped = go.stripped();
  if (auto reader = (*target)->counter_reader()) {
    if (const auto counters = reader->read()) row.goroutines = counters->live;
  }
  return row;
}

void write_json(JsonWriter& out, const GoRow& r) {
  out.object([&] {
    out.field("pid", r.process.pid);
    out.field("namespace_pid", r.process.namespace_pid);
    out.field("user", r.process.user);
    out.name_field("container", r.process.container);
    out.field("command", r.process.comm);
    out.field("exe", r.process.executable);
    out.field("go_version", r.version);
    out.name_field("module", r.module);
    out.field("link_mode", r.link);
    out.field("stripped", r.stripped);
    out.field("goroutines", r.goroutines);
    out.field("supported", r.unsupported.empty());
    out.name_field("reason", r.unsupported);
  });
  out.end_line();
}

std::string to_line(const GoRow& r) {
  return fmt::format("{:>7} {:<10} {:<12} {:<10} {:<15} {:>10}  {:<15} {}\n", r.process.pid, r.process.user,
                     r.process.container.empty() ? "-" : r.process.container, r.version,
                     r.link + (r.stripped ? ",stripped" : ""),
                     r.goroutines ? std::to_string(*r.goroutines) : "?", r.process.comm,
                     !r.unsupported.empty() ? "not supported: " + r.unsupported
                     : r.module.empty()     ? "-"
                                            : r.module);
}

int run(bool as_json) {
  auto out = OutputFile::open("");
  if (!out) return report_error(out.error());
  JsonWriter json(out->sink());
  if (!as_json) {
    out->write(fmt::format("{:>7} {:<10} {:<12} {:<10} {:<15} {:>10}  {:<15} {}\n", "PID", "USER",
                           "CONTAINER", "GO", "LINK", "GOROUTINES", "COMMAND", "MODULE"));
  }
  const ProcessList processes = list_processes();
  for (const ProcessRow& process : processes.rows) {
    const auto row = describe(process);
    if (!row) continue;
    if (as_json) {
      write_json(json, *row);
    } else {
      out->write(to_line(*row));
    }
    if (!out->flush()) break;
  }
  if (auto written = out->commit(); !written) return report_error(written.error());
  if (processes.forbidden > 0) {
    tell(fmt::format("not looked at for lack of rights: {} process{}; {}", processes.forbidden,
                     processes.forbidden == 1 ? "" : "es",
                     geteuid() == 0 ? "not even root's are enough for them"
                                    : "run as root, or add CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH"));
  }
  return kExitDone;
}

}  // namespace

void add_ps_command(CLI::App& app, int& exit) {
  auto json = std::make_shared<bool>(false);
  CLI::App* ps = app.add_subcommand("ps", "the Go processes of this machine");
  ps->footer(
      "Example: sudo gorotrace ps\n"
      "Exit codes: 0 done, 1 failed, 2 usage.");
  ps->add_flag("--json", *json, "one JSON object per line");
  ps->callback([json, &exit] { exit = run(*json); });
}

}  // namespace gorotrace
