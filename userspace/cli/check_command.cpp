// gorotrace check: what this host and this process allow, and where each probe would go at what cost.
#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "capture/capture.h"
#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/output_file.h"
#include "cli/sites_text.h"
#include "cli/terminal.h"
#include "process/discovery.h"
#include "session/target.h"

namespace gorotrace {
namespace {

using nlohmann::json;

constexpr std::size_t kUnlimited = 1000;  // columns, where no terminal sets a limit

struct Host {
  std::string kernel, architecture;
  bool btf = false;
  std::string attach_mode, error;  // one of them is empty
  TrapCosts costs;                 // defaults, when there is an error
};

Host look_at_host() {
  Host h;
  utsname name{};
  uname(&name);
  h.kernel = name.release;
  h.architecture = name.machine;
  h.btf = access("/sys/kernel/btf/vmlinux", R_OK) == 0;
  auto capture = Capture::make({});
  if (!capture) {
    h.error = capture.error().message;
    return h;
  }
  h.attach_mode = attach_mode_name((*capture)->mode());
  h.costs = (*capture)->trap_costs();
  return h;
}

json host_json(const Host& h) {
  return {{"kernel", h.kernel},
          {"architecture", h.architecture},
          {"btf", h.btf},
          {"attach", h.attach_mode.empty() ? json() : json(h.attach_mode)},
          {"error", h.error.empty() ? json() : json(h.error)},
          {"trap_ns", h.error.empty()
                          ? json{{"emulated", h.costs.emulated_ns}, {"single_step", h.costs.single_step_ns}}
                          : json()}};
}

std::string host_text(const Host& h) {
  std::string text =
      fmt::format("host     kernel {} {}, BTF {}\n", h.kernel, h.architecture, h.btf ? "yes" : "no");
  if (!h.error.empty()) {
    return text +
           fmt::format("probes   not possible: {}\n         stat --probes none, dump and metrics need none\n",
                       h.error);
  }
  return text +
         fmt::format(
             "probes   {}; a trap costs {:.2f} µs emulated, {:.1f} µs single-stepped (measured here, now)\n",
             h.attach_mode, h.costs.emulated_ns / 1e3, h.costs.single_step_ns / 1e3);
}

json target_json(const Target& t, const Plan& plan, const std::vector<std::string>& shared, const Host& h) {
  const GoBinary& go = t.binary();
  json sites = json::array();
  for (const Site& s : plan.sites) {
    sites.push_back({{"hook", hook_name(s.hook)},
                     {"groups", group_list(s.groups)},
                     {"function", s.function},
                     {"offset", s.offset},
                     {"file_offset", s.file_offset},
                     {"instruction", s.mnemonic},
                     {"execution", execution_name(s.execution)},
                     {"trap_ns", h.error.empty() ? json(h.costs.of(s.execution)) : json()}});
  }
  json missing = json::array();
  for (const Unplanned& u : plan.unplanned) {
    missing.push_back({{"hook", hook_name(u.hook)},
                       {"function", u.function},
                       {"reason", u.reason},
                       {"expected", u.expected}});
  }
  return {{"pid", t.process().namespace_pid()},
          {"host_pid", t.process().pid()},
          {"exe", t.process().executable()},
          {"go_version", go.version().text},
          {"link_mode", link_mode_name(go.link_mode())},
          {"stripped", go.stripped()},
          {"offsets", go.offsets_source()},
          {"counters", t.has_counters()},
          {"sites", sites},
          {"unplanned", missing},
          {"shared", shared}};
}

std::string target_text(const Target& t, const Plan& plan, const std::vector<std::string>& shared,
                        const Host& h, std::size_t width) {
  const GoBinary& go = t.binary();
  std::string text;
  const auto out = std::back_inserter(text);
  fmt::format_to(
      out, "process  {} {}: {}, {}{}, offsets from {}, checked against its code and its live goroutines\n",
      t.process().pid(), t.process().executable(), go.version().text, link_mode_name(go.link_mode()),
      go.stripped() ? ", stripped" : "", go.offsets_source());
  if (!t.has_counters())
    fmt::format_to(out, "counters not found in this binary: no witness beside the probes\n");
  text += "\n" + sites_text(plan, h.error.empty() ? std::optional(h.costs) : std::nullopt, width);
  for (const std::string& site : shared)
    fmt::format_to(out, "shared   {} already carries a breakpoint of another tracer, living or killed\n",
                   site);
  return text;
}

int run(const std::optional<std::string>& target_name, bool as_json) {
  std::unique_ptr<Target> target;
  if (target_name) {
    const auto pid = resolve_target(*target_name);
    if (!pid) return report_error(pid.error());
    auto opened = Target::open(*pid);
    if (!opened) return report_error(opened.error());
    target = std::move(*opened);
  }
  const Host host = look_at_host();
  json out = {{"host", host_json(host)}};
  std::string text = host_text(host);
  if (target) {
    std::vector<std::string> shared;
    auto plan = target->plan(host.costs, shared);
    if (!plan) return report_error(plan.error());
    out["target"] = target_json(*target, *plan, shared, host);
    text +=
        target_text(*target, *plan, shared, host, isatty(STDOUT_FILENO) == 1 ? terminal_width() : kUnlimited);
  }
  if (as_json) text = out.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  if (const int written = write_to_stdout(text); written != kExitDone) return written;
  return host.error.empty() ? kExitDone : kExitFailed;
}

}  // namespace

void add_check_command(CLI::App& app, int& exit) {
  struct Arguments {
    std::optional<std::string> target;
    bool json = false;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* check =
      app.add_subcommand("check", "what this host and a process allow; planned probes and their cost");
  check->footer(
      "Example: sudo gorotrace check -p 4242\n"
      "Exit codes: 0 done, 1 probes are not possible or it failed, 2 usage, 3 target not supported.");
  check->add_option("-p,--pid", arguments->target, "PID, container id prefix or unique process name");
  check->add_flag("--json", arguments->json, "one JSON object");
  check->callback([arguments, &exit] { exit = run(arguments->target, arguments->json); });
}

}  // namespace gorotrace
