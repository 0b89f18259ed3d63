// gorotrace monitor: every Go process of this node, always, over HTTP.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "agent/agent.h"
#include "agent/config.h"
#include "base/event_loop.h"
#include "base/plural.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/monitor_config.h"
#include "cli/output_file.h"
#include "cli/service_log.h"
#include "cli/stop_signal.h"
#include "http/monitor_pages.h"
#include "http/server.h"

namespace gorotrace {
namespace {

struct MonitorArguments {
  MonitorOptions options;
  std::string check_config;
  std::string log_format = name_of(LogFormat::kKeyValues);
};

std::vector<MetricFamily> server_metrics(const ServerCounts& counts) {
  MetricFamily responses{"gorotrace_http_responses_total",
                         "HTTP responses of the agent, by status code.",
                         MetricType::kCounter,
                         {}};
  for (const auto& [status, count] : counts.answers())
    responses.add(static_cast<double>(count), {{"code", fmt::format("{}", status)}});
  MetricFamily connections{
      "gorotrace_http_connections", "HTTP connections that are open.", MetricType::kGauge, {}};
  connections.add(static_cast<double>(counts.connections()));
  return {std::move(responses), std::move(connections)};
}

class Monitor {
 public:
  explicit Monitor(const MonitorArguments& arguments) : arguments_(arguments) {}

  // Until a signal ends it.
  [[nodiscard]] Status run();

 private:
  [[nodiscard]] Status start();
  void reload();
  // SIGHUP is none that stops.
  [[nodiscard]] bool take(const signalfd_siginfo& info) {
    if (info.ssi_signo != SIGHUP) return false;
    reload();
    return true;
  }

  const MonitorArguments& arguments_;
  AgentConfig config_;
  std::shared_ptr<Agent> agent_;
  std::unique_ptr<MonitorPages> pages_;
  std::unique_ptr<Server> server_;
};

Status Monitor::start() {
  auto config = read_config(arguments_.options);
  if (!config) return std::unexpected(config.error());
  config_ = *std::move(config);
  auto options = server_options(config_);
  if (!options) return std::unexpected(options.error());
  const bool tls = options->tls.has_value(), token = options->token.has_value();
  auto agent = Agent::start(config_);
  if (!agent) return std::unexpected(agent.error());
  agent_ = *std::move(agent);
  pages_ =
      std::make_unique<MonitorPages>(agent_, [counts = options->counts] { return server_metrics(*counts); });
  pages_->captures().configure(config_.captures, config_.capture_percent);
  auto server = Server::start(
      *std::move(options),
      [this](const Request& request, const Server::Answer& answer) { pages_->answer(request, answer); });
  if (!server) return std::unexpected(server.error());
  server_ = *std::move(server);
  log_info("listening", {{"address", server_->address().text()},
                         {"tls", tls ? "yes" : "no"},
                         {"token", token ? "yes" : "no"},
                         {"config", arguments_.options.config}});
  for (const std::string& warning : config_.warnings) log_warning(warning);
  for (const std::string& notice : agent_->notices()) log_warning(notice);
  return {};
}

// What cannot be read leaves everything as it is.
void Monitor::reload() {
  auto config = read_config(arguments_.options);
  if (!config) return log_failure(wrap(config.error(), "not reloaded").error());
  if (server_->has_token() && !config->token_file.empty()) {
    auto token = read_token(*config);
    if (!token) return log_failure(wrap(token.error(), "not reloaded").error());
    server_->set_token(*std::move(token));
  }
  const auto fixed = [](const AgentConfig& c) {
    return std::tie(c.listen, c.tls_cert, c.tls_key, c.client_ca, c.insecure_listen);
  };
  const bool needs_restart =
      fixed(*config) != fixed(config_) || config->token_file.empty() != config_.token_file.empty();
  if (needs_restart)
    log_warning("the address, TLS and whether there is a token change at the next start only");
  pages_->captures().configure(config->captures, config->capture_percent);
  agent_->reload(*config);
  for (const std::string& warning : config->warnings) log_warning(warning);
  log_info("reloaded", {{"config", arguments_.options.config}});
}

Status Monitor::run() {
  auto stop =
      StopSignal::make({.signals = {SIGHUP}, .take = [this](const auto& info) { return take(info); }});
  if (!stop) return std::unexpected(stop.error());
  auto loop = EventLoop::make();
  if (!loop) return std::unexpected(loop.error());
  if (auto started = start(); !started) return started;
  const auto watched = loop->on_readable(stop->fd(), [&] {
    const auto signal = stop->take();
    if (!signal) return;
    log_info("ending", {{"signal", fmt::format("SIG{}", sigabbrev_np(*signal))}});
    loop->stop();
  });
  if (!watched) return watched;
  const Status ran = loop->run();
  server_.reset();
  pages_.reset();
  agent_->stop();
  return ran;
}

int check_config(const std::string& path) {
  const auto config = read_config({.config = path});
  if (!config) return report_error(config.error());
  std::vector<std::string> warnings = config->warnings;
  if (const auto options = server_options(*config, &warnings); !options) return report_error(options.error());
  for (const std::string& warning : warnings) tell("warning: " + warning);
  return write_to_stdout(fmt::format("{}: no mistakes{}\n", printable(path),
                                     warnings.empty() ? "" : ", but " + plural(warnings.size(), "warning")));
}

int run_monitor(const MonitorArguments& arguments) {
  if (!arguments.check_config.empty()) return check_config(arguments.check_config);
  const auto format = value_named<LogFormat>(arguments.log_format);
  if (!format) {
    return report_error(
        {ErrorKind::kUsage, fmt::format("--log-format: \"{}\" is none of {}",
                                        printable(arguments.log_format, 64), all_names<LogFormat>(", "))});
  }
  log_for_services(*format);
  Monitor monitor(arguments);
  const Status ran = monitor.run();
  if (ran) return kExitDone;
  log_failure(ran.error());
  return exit_code(ran.error().kind);
}

}  // namespace

void add_monitor_command(CLI::App& app, int& exit) {
  auto arguments = std::make_shared<MonitorArguments>();
  CLI::App* monitor = app.add_subcommand("monitor", "every Go process of this node, always, over HTTP");
  monitor->footer(
      "Example: sudo gorotrace monitor\n"
      "         curl localhost:9464/targets\n"
      "         sudo gorotrace monitor --config /etc/gorotrace.toml --listen :9464 --token-file "
      "/etc/gorotrace.token\n"
      "           --tls-cert cert.pem --tls-key key.pem\n"
      "Serves a page for a browser at /, and /metrics, /targets, /targets/ID/metrics, /targets/ID/stat, "
      "/targets/ID/debug/pprof/, /targets/ID/capture and /sd.\n"
      "Sets probes where a rule of the configuration says so, and while somebody waits for a trace or a "
      "capture; nowhere else.\n"
      "SIGHUP reads the configuration and the token again; SIGTERM and Ctrl-C end it.\n"
      "Exit codes: 0 done, 1 failed, 2 usage.");
  monitor
      ->add_option("--config", arguments->options.config,
                   "read this file (TOML); options of the command line weigh more, and without it everything "
                   "has its default")
      ->type_name("FILE");
  monitor
      ->add_option("--check-config", arguments->check_config,
                   "say what is wrong with this file, by line, and do nothing else")
      ->type_name("FILE");
  monitor
      ->add_option("--listen", arguments->options.listen,
                   "serve here: an address of this machine, or :9464 for all of them, port 0 for one that is "
                   "free; others than localhost need --token-file or --client-ca")
      ->type_name("ADDRESS:PORT")
      ->default_str(AgentConfig{}.listen);
  monitor
      ->add_option(
          "--token-file", arguments->options.token_file,
          "who asks must send the token in this file (16 characters or more) as Authorization: Bearer TOKEN")
      ->type_name("FILE");
  monitor
      ->add_option("--tls-cert", arguments->options.tls_cert,
                   "serve HTTPS with this certificate (PEM), whose key is --tls-key")
      ->type_name("FILE");
  monitor->add_option("--tls-key", arguments->options.tls_key, "the key of --tls-cert (PEM)")
      ->type_name("FILE");
  monitor
      ->add_option("--client-ca", arguments->options.client_ca,
                   "who asks must show a certificate of this authority (PEM)")
      ->type_name("FILE");
  monitor->add_flag("--insecure-listen", arguments->options.insecure_listen,
                    "let the token go over the network without TLS, where something else encrypts it");
  monitor->add_option("--log-format", arguments->log_format, "lines of the log: logfmt (key=value), or json")
      ->type_name("FORMAT")
      ->option_text(all_names<LogFormat>(" "))
      ->capture_default_str();
  monitor->callback([arguments, &exit] { exit = run_monitor(*arguments); });
}

}  // namespace gorotrace
