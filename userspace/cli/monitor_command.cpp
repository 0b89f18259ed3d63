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
#include "base/small_file.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/output_file.h"
#include "cli/service_log.h"
#include "cli/stop_signal.h"
#include "http/authorization.h"
#include "http/monitor_pages.h"
#include "http/server.h"

namespace gorotrace {
namespace {

constexpr std::size_t kLongestPem = std::size_t{1} << 20;

struct Arguments {
  std::string config, check_config, listen, token_file, tls_cert, tls_key, client_ca;
  bool insecure_listen = false;
  std::string log_format = name_of(LogFormat::kKeyValues);
};

// What stands on the command line weighs more than the file.
Result<AgentConfig> read_config(const Arguments& a) {
  AgentConfig config;
  if (!a.config.empty()) {
    auto loaded = load_agent_config(a.config);
    if (!loaded) return loaded;
    config = *std::move(loaded);
  }
  const auto given = [](std::string& of_file, const std::string& on_line) {
    if (!on_line.empty()) of_file = on_line;
  };
  given(config.listen, a.listen);
  given(config.token_file, a.token_file);
  given(config.tls_cert, a.tls_cert);
  given(config.tls_key, a.tls_key);
  given(config.client_ca, a.client_ca);
  config.insecure_listen |= a.insecure_listen;
  return config;
}

// Whether it may listen there with what protects it; no file is read.
Result<ListenAddress> allowed_address(const AgentConfig& config) {
  const auto address = parse_listen_address(config.listen);
  if (!address) return address;
  if (config.tls_cert.empty() != config.tls_key.empty())
    return fail(ErrorKind::kUsage,
                "a certificate and its key belong together: give --tls-cert and --tls-key");
  const Protection protection{.token = !config.token_file.empty(),
                              .tls = !config.tls_cert.empty(),
                              .client_ca = !config.client_ca.empty(),
                              .insecure_listen = config.insecure_listen};
  if (auto allowed = may_listen(*address, protection); !allowed) return std::unexpected(allowed.error());
  return address;
}

Result<ServerOptions> server_options(const AgentConfig& config) {
  const auto address = allowed_address(config);
  if (!address) return std::unexpected(address.error());
  ServerOptions options;
  options.address = *address;
  if (!config.token_file.empty()) {
    auto token = read_token_file(config.token_file);
    if (!token) return std::unexpected(token.error());
    options.token = *std::move(token);
  }
  if (config.tls_cert.empty()) return options;
  TlsPem& tls = options.tls.emplace();
  for (const auto& [path, into] : {std::pair{&config.tls_cert, &tls.certificate},
                                   {&config.tls_key, &tls.key},
                                   {&config.client_ca, &tls.client_ca}}) {
    if (path->empty()) continue;
    auto text = read_small_file(*path, kLongestPem);
    if (!text) return std::unexpected(text.error());
    *into = *std::move(text);
  }
  return options;
}

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
  explicit Monitor(const Arguments& arguments) : arguments_(arguments) {}

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

  const Arguments& arguments_;
  AgentConfig config_;
  std::shared_ptr<Agent> agent_;
  std::unique_ptr<MonitorPages> pages_;
  std::unique_ptr<Server> server_;
};

Status Monitor::start() {
  auto config = read_config(arguments_);
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
                         {"config", arguments_.config}});
  for (const std::string& warning : config_.warnings) log_warning(warning);
  for (const std::string& notice : agent_->notices()) log_warning(notice);
  return {};
}

// What cannot be read leaves everything as it is.
void Monitor::reload() {
  auto config = read_config(arguments_);
  if (!config) return log_failure(wrap(config.error(), "not reloaded").error());
  if (server_->has_token() && !config->token_file.empty()) {
    auto token = read_token_file(config->token_file);
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
  log_info("reloaded", {{"config", arguments_.config}});
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
  Arguments arguments;
  arguments.config = path;
  const auto config = read_config(arguments);
  if (!config) return report_error(config.error());
  if (const auto address = allowed_address(*config); !address)
    return report_error(wrap(address.error(), printable(path)).error());
  for (const std::string& warning : config->warnings) tell("warning: " + warning);
  const std::size_t count = config->warnings.size();
  return write_to_stdout(fmt::format("{}: no mistakes{}\n", printable(path),
                                     count > 0 ? ", but " + plural(count, "warning") : ""));
}

int run(const Arguments& arguments) {
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
  auto arguments = std::make_shared<Arguments>();
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
      ->add_option("--config", arguments->config,
                   "read this file (TOML); options of the command line weigh more, and without it everything "
                   "has its default")
      ->type_name("FILE");
  monitor
      ->add_option("--check-config", arguments->check_config,
                   "say what is wrong with this file, by line, and do nothing else")
      ->type_name("FILE");
  monitor
      ->add_option("--listen", arguments->listen,
                   "serve here: an address of this machine, or :9464 for all of them, port 0 for one that is "
                   "free; others than localhost need --token-file or --client-ca")
      ->type_name("ADDRESS:PORT")
      ->default_str(AgentConfig{}.listen);
  monitor
      ->add_option(
          "--token-file", arguments->token_file,
          "who asks must send the token in this file (16 characters or more) as Authorization: Bearer TOKEN")
      ->type_name("FILE");
  monitor
      ->add_option("--tls-cert", arguments->tls_cert,
                   "serve HTTPS with this certificate (PEM), whose key is --tls-key")
      ->type_name("FILE");
  monitor->add_option("--tls-key", arguments->tls_key, "the key of --tls-cert (PEM)")->type_name("FILE");
  monitor
      ->add_option("--client-ca", arguments->client_ca,
                   "who asks must show a certificate of this authority (PEM)")
      ->type_name("FILE");
  monitor->add_flag("--insecure-listen", arguments->insecure_listen,
                    "let the token go over the network without TLS, where something else encrypts it");
  monitor->add_option("--log-format", arguments->log_format, "lines of the log: logfmt (key=value), or json")
      ->type_name("FORMAT")
      ->option_text(all_names<LogFormat>(" "))
      ->capture_default_str();
  monitor->callback([arguments, &exit] { exit = run(*arguments); });
}

}  // namespace gorotrace
