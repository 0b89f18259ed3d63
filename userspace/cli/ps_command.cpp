// gorotrace ps: the Go processes of this machine, and whether each can be traced.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/exit_codes.h"
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
    // Only a binary with a Go line table is a row; one that merely cannot be opened says nothing about Go.
    auto image = ElfImage::open(fmt::format("/proc/{}/exe", process.pid));
    if (!image || !Pclntab::make(**image)) return std::nullopt;
    row.unsupported = target.error().message;
    return row;
  }
  const GoBinary& go = (*target)->binary();
  row.version = go.version().text;
  row.module = go.main_module() + (go.main_version().empty() ? "" : "@" + go.main_version());
  row.link = link_mode_name(go.link_mode());
  row.stripped = go.stripped();
  if ((*target)->counters() != nullptr) {
    if (auto counters = (*target)->counters()->read()) row.goroutines = counters->live;
  }
  return row;
}

nlohmann::json to_json(const GoRow& r) {
  using nlohmann::json;
  return {{"pid", r.process.pid},
          {"namespace_pid", r.process.namespace_pid},
          {"user", r.process.user},
          {"container", r.process.container.empty() ? json() : json(r.process.container)},
          {"command", r.process.comm},
          {"exe", r.process.executable},
          {"go_version", r.version},
          {"module", r.module.empty() ? json() : json(r.module)},
          {"link_mode", r.link},
          {"stripped", r.stripped},
          {"goroutines", r.goroutines ? json(*r.goroutines) : json()},
          {"supported", r.unsupported.empty()},
          {"reason", r.unsupported.empty() ? json() : json(r.unsupported)}};
}

int run(bool json) {
  if (!json) {
    fmt::print("{:>7} {:<10} {:<12} {:<10} {:<14} {:>10}  {:<15} {}\n", "PID", "USER", "CONTAINER", "GO",
               "LINK", "GOROUTINES", "COMMAND", "MODULE");
  }
  for (const ProcessRow& process : list_processes()) {
    const auto row = describe(process);
    if (!row) continue;
    if (json) {
      fmt::print("{}\n", to_json(*row).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
      continue;
    }
    fmt::print("{:>7} {:<10} {:<12} {:<10} {:<14} {:>10}  {:<15} {}\n", row->process.pid, row->process.user,
               row->process.container.empty() ? "-" : row->process.container, row->version,
               row->link + (row->stripped ? ",stripped" : ""),
               row->goroutines ? std::to_string(*row->goroutines) : "?", row->process.comm,
               row->unsupported.empty() ? row->module : "not supported: " + row->unsupported);
  }
  return kExitDone;
}

}  // namespace

void add_ps_command(CLI::App& app, int& exit) {
  auto json = std::make_shared<bool>(false);
  CLI::App* ps = app.add_subcommand("ps", "the Go processes of this machine");
  ps->footer("Example: sudo gorotrace ps");
  ps->add_flag("--json", *json, "one JSON object per line");
  ps->callback([json, &exit] { exit = run(*json); });
}

}  // namespace gorotrace
