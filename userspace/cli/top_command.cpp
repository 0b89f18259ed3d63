// gorotrace top: the Go processes of a node, and what the goroutines of one of them do, on a terminal.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/open_target.h"
#include "cli/option_values.h"
#include "cli/stop_signal.h"
#include "cli/terminal.h"
#include "cli/top_window.h"
#include "http/authorization.h"
#include "top/sources.h"

namespace gorotrace {
namespace {

struct TopArguments {  // as typed
  std::string target, connect, token_file, interval = "2s", sample_cpu = "5%";
};

struct TopPlan {  // as meant
  std::unique_ptr<TopSource> source;
  TopScreen::Options screen;
  TopFeed::Options feed;
};

Result<TopFeed::Options> feed_options(const std::string& text) {
  const auto interval = parse_duration(text);
  if (!interval) return wrap(interval.error(), "-i");
  constexpr std::chrono::milliseconds kShortestInterval(200);
  constexpr std::chrono::hours kLongestInterval(1);
  if (*interval < kShortestInterval || *interval > kLongestInterval)
    return fail(ErrorKind::kUsage, "-i: give 200ms to 1h");
  TopFeed::Options options;
  options.interval = std::chrono::duration_cast<std::chrono::milliseconds>(*interval);
  options.window = std::max<std::chrono::nanoseconds>(options.window, *interval);
  return options;
}

Result<std::unique_ptr<TopSource>> remote(const TopArguments& a, TopScreen::Options& screen,
                                          std::shared_ptr<const std::atomic<bool>> leaving) {
  auto peer = parse_http_peer(a.connect);
  if (!peer) return wrap(peer.error(), "--connect");
  std::string token;
  if (!a.token_file.empty()) {
    auto read = read_token_file(a.token_file);
    if (!read) return std::unexpected(read.error());
    token = *std::move(read);
  }
  screen.source = peer->text();
  return remote_source(*std::move(peer), std::move(token), std::move(leaving));
}

Result<TopPlan> plan_of(const TopArguments& a, std::shared_ptr<const std::atomic<bool>> leaving) {
  TopPlan plan;
  if (!a.target.empty() && !a.connect.empty())
    return fail(ErrorKind::kUsage, "-p looks at a process of this machine: it does not go with --connect");
  if (!a.token_file.empty() && a.connect.empty())
    return fail(ErrorKind::kUsage, "--token-file is for --connect");
  auto feed = feed_options(a.interval);
  if (!feed) return std::unexpected(feed.error());
  plan.feed = *feed;
  const auto share = parse_cpu_share(a.sample_cpu);
  if (!share) return wrap(share.error(), "--sample-cpu");
  if (*share == 0) return fail(ErrorKind::kUsage, "--sample-cpu: top sees nothing without sampling");
  auto source = [&]() -> Result<std::unique_ptr<TopSource>> {
    if (!a.connect.empty()) return remote(a, plan.screen, std::move(leaving));
    if (a.target.empty()) {
      plan.screen.source = "this node";
      AgentConfig config;
      config.agent_percent = 100 * *share;
      return node_source(std::move(config));
    }
    auto target = open_target(a.target);
    if (!target) return std::unexpected(target.error());
    plan.screen.only = "";
    return process_source(*std::move(target), *share);
  }();
  if (!source) return std::unexpected(source.error());
  plan.source = *std::move(source);
  return plan;
}

// What is logged would go across the screen.
class Quiet {
 public:
  Quiet() : before_(spdlog::get_level()) { spdlog::set_level(spdlog::level::off); }
  ~Quiet() { spdlog::set_level(before_); }
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;

 private:
  const spdlog::level::level_enum before_;
};

Status show(const TopArguments& arguments, const CommonOptions& common) {
  if (auto usable = CursesTerminal::usable(); !usable) return usable;  // before anything else is done
  TopWindow* window = nullptr;                                         // while it is there
  auto stop = StopSignal::make({.signals = TopWindow::signals(), .take = [&](const signalfd_siginfo& info) {
                                  return window != nullptr ? window->take(info) : TopWindow::means(info);
                                }});
  if (!stop) return std::unexpected(stop.error());
  const auto leaving = std::make_shared<std::atomic<bool>>(false);
  auto plan = plan_of(arguments, leaving);
  if (!plan) return std::unexpected(plan.error());
  auto feed = TopFeed::start(std::move(plan->source), plan->feed, leaving);
  if (!feed) return std::unexpected(feed.error());
  const auto environment = [](const char* name) -> const char* { return std::getenv(name); };
  TopScreen screen(plan->screen);
  const Quiet quiet;
  auto terminal = CursesTerminal::open(
      {.colour = gorotrace::screen(common.colour).colour, .ascii = ascii_only(environment)});
  if (!terminal) return std::unexpected(terminal.error());
  TopWindow shown(**terminal, **feed, screen);
  window = &shown;
  auto ran = shown.run(*stop);
  window = nullptr;
  terminal->reset();  // before whatever takes its time
  return ran;
}

int run_top(const TopArguments& arguments, const CommonOptions& common) {
  const Status done = show(arguments, common);
  return done ? kExitDone : report_error(done.error());
}

}  // namespace

void add_top_command(CLI::App& app, const CommonOptions& common, int& exit) {
  auto arguments = std::make_shared<TopArguments>();
  CLI::App* top =
      app.add_subcommand("top", "the Go processes of a node and their goroutines, live on a terminal");
  top->footer(
      "Example: sudo gorotrace top\n"
      "         sudo gorotrace top -p 4242\n"
      "         gorotrace top --connect localhost:9464\n"
      "Nothing is attached: goroutines are sampled. Enter opens a row, q goes back, h shows all keys.\n"
      "Exit codes: 0 done, 1 failed, 2 usage, 3 target not supported.");
  top->add_option("-p,--pid", arguments->target, "this process alone: " + std::string(kTargetHelp))
      ->type_name("TARGET");
  top->add_option("--connect", arguments->connect,
                  "ask the gorotrace monitor that serves there, over plain HTTP, instead of looking at the "
                  "processes of this machine, which takes root")
      ->type_name("HOST:PORT");
  top->add_option("--token-file", arguments->token_file, "with --connect: send the token in this file")
      ->type_name("FILE");
  top->add_option("-i,--interval", arguments->interval, "show what is new this often")
      ->type_name("TIME")
      ->capture_default_str();
  top->add_option("--sample-cpu", arguments->sample_cpu,
                  "without --connect: share of one CPU for looking at the processes")
      ->type_name("SHARE")
      ->capture_default_str();
  top->callback([arguments, &common, &exit] { exit = run_top(*arguments, common); });
}

}  // namespace gorotrace
