// gorotrace check: what this host and this process allow, and where each probe would go at what cost.
#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "capture/capture.h"
#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/open_target.h"
#include "cli/output_file.h"
#include "cli/sites_text.h"
#include "cli/terminal.h"
#include "report/wrapping.h"
#include "session/target.h"

namespace gorotrace {
namespace {

constexpr std::size_t kIndent = 9;  // of what goes on below a line's first word

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
  h.attach_mode = name_of((*capture)->mode());
  h.costs = (*capture)->trap_costs();
  return h;
}

void host_fields(JsonWriter& out, const Host& h) {
  out.field("kernel", h.kernel);
  out.field("architecture", h.architecture);
  out.field("btf", h.btf);
  out.name_field("attach", h.attach_mode);
  out.name_field("error", h.error);
  out.object_field("trap_ns", h.error.empty() ? &h.costs : nullptr, [&](const TrapCosts& costs) {
    out.field("emulated", costs.emulated_ns);
    out.field("single_step", costs.single_step_ns);
  });
}

std::string host_text(const Host& h, std::size_t width) {
  const auto line = [&](const std::string& text) { return wrapped(text, width, kIndent); };
  std::string text =
      line(fmt::format("host     kernel {} {}, BTF {}", h.kernel, h.architecture, h.btf ? "yes" : "no"));
  if (!h.error.empty()) {
    return text + line(fmt::format("probes   not possible: {}", h.error)) +
           line("         stat --probes none, dump and metrics need none");
  }
  return text + line(fmt::format("probes   {}; a trap costs {:.2f} µs emulated, {:.1f} µs single-stepped "
                                 "(measured here, now)",
                                 h.attach_mode, h.costs.emulated_ns / 1e3, h.costs.single_step_ns / 1e3));
}

// A plugin's code runs copies of the runtime's functions that are its own.
struct PluginPlan {
  std::string path, error;  // error: why it has no plan
  Plan plan;
};

std::vector<PluginPlan> plan_plugins(const Target& target, const TrapCosts& costs,
                                     std::vector<std::string>& shared) {
  std::vector<PluginPlan> out;
  for (std::size_t i = 1; i < target.modules()->size(); ++i) {
    const Module& module = (*target.modules())[i];
    auto plan = target.plan_plugin(module, costs, shared);
    if (plan)
      out.push_back({module.path, "", *std::move(plan)});
    else
      out.push_back({module.path, plan.error().message, {}});
  }
  return out;
}

void site_fields(JsonWriter& out, const Site& s, const Host& h) {
  out.field("hook", name_of(s.hook));
  out.field("groups", group_list(s.groups));
  out.field("function", s.function);
  out.field("offset", s.offset);
  out.field("file_offset", s.file_offset);
  out.field("instruction", s.mnemonic);
  out.field("execution", name_of(s.execution));
  out.field("trap_ns", h.error.empty() ? std::optional(h.costs.of(s.execution)) : std::nullopt);
}

void plan_fields(JsonWriter& out, const Plan& plan, const Host& h) {
  out.array_field("sites", plan.sites, [&](const Site& s) { out.object([&] { site_fields(out, s, h); }); });
  out.array_field("unplanned", plan.unplanned, [&](const Unplanned& u) {
    out.object([&] {
      out.field("hook", name_of(u.hook));
      out.field("function", u.function);
      out.field("reason", u.reason);
      out.field("expected", u.expected);
      out.field("inferred", u.inferred);
    });
  });
}

struct Plans {
  Plan own;
  std::vector<PluginPlan> of_plugins;
  std::vector<std::string> shared;  // sites where another tracer's breakpoint stands
};

void target_fields(JsonWriter& out, const Target& t, const Plans& plans, const Host& h) {
  const GoBinary& go = t.binary();
  out.field("pid", t.process().namespace_pid());
  out.field("host_pid", t.process().pid());
  out.field("exe", t.process().executable());
  out.field("runtime_file", t.file().path());
  out.field("go_version", go.version().text);
  out.field("link_mode", name_of(go.link_mode()));
  out.field("stripped", go.stripped());
  out.field("offsets", go.offsets_source());
  out.field("counters", t.has_counters());
  out.name_field("counters_missing", go.counters_missing());
  plan_fields(out, plans.own, h);
  out.array_field("plugins", plans.of_plugins, [&](const PluginPlan& plugin) {
    out.object([&] {
      out.field("path", plugin.path);
      out.name_field("error", plugin.error);
      plan_fields(out, plugin.plan, h);
    });
  });
  out.array_field("plugins_refused", t.plugins_refused(), [&](const ModuleLoader::Refused& plugin) {
    out.object([&] {
      out.field("path", plugin.path);
      out.field("reason", plugin.why);
    });
  });
  out.array_field("shared", plans.shared, [&](const std::string& site) { out.value(site); });
}

std::string plugin_text(const PluginPlan& plugin, std::size_t width) {
  const auto line = [&](const std::string& words) { return wrapped(words, width, kIndent); };
  if (!plugin.error.empty())
    return line(
        fmt::format("plugin   {}: MISSING: what its code does is not seen: {}", plugin.path, plugin.error));
  std::string text =
      line(fmt::format("plugin   {}: its code has copies of the runtime's functions, {} sites in them",
                       plugin.path, plugin.plan.sites.size()));
  for (const Unplanned& u : plugin.plan.unplanned) {
    if (!u.expected)
      text += line(fmt::format("         {} MISSING: {}: {}", name_of(u.hook), u.function, u.reason));
  }
  return text;
}

// "" where something is missing: the lines that say so are its verdict.
std::string verdict_text(const Target& t, const Plans& plans, std::size_t width) {
  const bool lacks = lacks_sites(plans.own) || !t.plugins_refused().empty() ||
                     std::ranges::any_of(plans.of_plugins, [](const PluginPlan& plugin) {
                       return !plugin.error.empty() || lacks_sites(plugin.plan);
                     });
  GroupMask groups = 0;
  for (const Site& s : plans.own.sites) groups |= s.groups;
  if (lacks || groups == 0) return "";
  return wrapped(fmt::format("nothing is missing for the probe groups {}", group_list(groups)), width, 2);
}

std::string target_text(const Target& t, const Plans& plans, const Host& h, std::size_t width) {
  const GoBinary& go = t.binary();
  const auto line = [&](const std::string& words) { return wrapped(words, width, kIndent); };
  std::string text = line(fmt::format(
      "process  {} {}: {}, {}{}, offsets from {}, {}checked against its code and its live goroutines",
      t.process().pid(), t.facts().program(), go.version().text, name_of(go.link_mode()),
      go.stripped() ? ", stripped" : "", go.offsets_source(),
      t.has_counters() ? "" : "those of goroutines, but not those of counters, "));
  if (!t.has_counters()) text += line(fmt::format("counters cannot be read: {}", go.counters_missing()));
  for (const ModuleLoader::Refused& plugin : t.plugins_refused())
    text +=
        line(fmt::format("plugin   {}: its functions have no names, and what its code does is not seen: {}",
                         plugin.path, plugin.why));
  text += "\n" + sites_text(plans.own, h.error.empty() ? std::optional(h.costs) : std::nullopt, width);
  for (const PluginPlan& plugin : plans.of_plugins) text += plugin_text(plugin, width);
  for (const std::string& site : plans.shared)
    text += line(
        fmt::format("shared   {} already carries a breakpoint of another tracer, living or killed", site));
  return text + verdict_text(t, plans, width);
}

int write_json(const Target* target, const Plans& plans, const Host& host) {
  return write_json_to_stdout([&](JsonWriter& out) {
    out.object([&] {
      out.object_field("host", [&] { host_fields(out, host); });
      if (target != nullptr) out.object_field("target", [&] { target_fields(out, *target, plans, host); });
    });
  });
}

int write_text(const Target* target, const Plans& plans, const Host& host, const CommonOptions& common) {
  const std::size_t width = screen(common.colour).name_width();
  std::string text = host_text(host, width);
  if (target != nullptr) text += target_text(*target, plans, host, width);
  return write_to_stdout(for_locale(std::move(text)));
}

int run_check(const std::optional<std::string>& target_name, bool as_json, const CommonOptions& common) {
  std::unique_ptr<Target> target;
  if (target_name) {
    auto opened = open_target(*target_name);
    if (!opened) return report_error(opened.error());
    target = std::move(*opened);
  }
  const Host host = look_at_host();
  Plans plans;
  if (target) {
    auto made = target->plan(host.costs, plans.shared);
    if (!made) return report_error(made.error());
    plans.own = std::move(*made);
    plans.of_plugins = plan_plugins(*target, host.costs, plans.shared);
  }
  const int written =
      as_json ? write_json(target.get(), plans, host) : write_text(target.get(), plans, host, common);
  if (written != kExitDone) return written;
  return host.error.empty() ? kExitDone : kExitFailed;
}

}  // namespace

void add_check_command(CLI::App& app, const CommonOptions& common, int& exit) {
  struct CheckArguments {
    std::optional<std::string> target;
    bool json = false;
  };
  auto arguments = std::make_shared<CheckArguments>();
  CLI::App* check =
      app.add_subcommand("check", "what this host and a process allow; planned probes and their cost");
  check->footer(
      "Example: sudo gorotrace check -p 4242\n"
      "Exit codes: 0 done, 1 probes are not possible or it failed, 2 usage, 3 target not supported.");
  check->add_option("-p,--pid,PID", arguments->target, kTargetHelp)->type_name("TARGET");
  check->add_flag("--json", arguments->json, "one JSON object");
  check->callback(
      [arguments, &common, &exit] { exit = run_check(arguments->target, arguments->json, common); });
}

}  // namespace gorotrace
