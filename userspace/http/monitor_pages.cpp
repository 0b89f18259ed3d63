#include "http/monitor_pages.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "http/page_answer.h"
#include "http/pprof_words.h"
#include "http/profile_answers.h"
#include "http/service_discovery.h"
#include "http/targets_json.h"

namespace gorotrace {
namespace {

constexpr std::string_view kNoTarget = "no such target";

// What net/http/pprof has and is not to be had from outside as yet, with what to do instead.
std::optional<std::string> remedy(std::string_view profile, pid_t pid) {
  if (profile == "heap" || profile == "allocs")
    return fmt::format("gorotrace does not serve {}: ask the program's own net/http/pprof", profile);
  if (profile == "profile")
    return fmt::format("gorotrace does not serve CPU profiles: perf record -g -p {} takes one from outside",
                       pid);
  const auto recorded = [&](std::string_view format) {
    return fmt::format(
        "gorotrace monitor does not serve {}: gorotrace record -p {} -d 10s -o FILE.gtr, then gorotrace "
        "export "
        "--to {} FILE.gtr",
        profile, pid, format);
  };
  if (profile == "block") return recorded("pprof-block");
  if (profile == "mutex") return recorded("pprof-mutex");
  return std::nullopt;
}

Response of_error(const Error& error) {
  switch (error.kind) {
    case ErrorKind::kUsage:
      return pprof_error(400, error.message);
    case ErrorKind::kNoProcess:
      return pprof_error(410, error.message);
    case ErrorKind::kUnsupported:
      return pprof_error(501, error.message);
    default:
      return pprof_error(500, error.message);
  }
}

// Of a target that is not watched; nullopt: it is.
std::optional<Response> not_watched(const AgentTarget& target) {
  const std::string why = fmt::format("{} is not watched: {}", target.id, target.reason);
  switch (target.state) {
    case WatchState::kWatched:
      return std::nullopt;
    case WatchState::kExcluded:
    case WatchState::kOptedOut:
      return pprof_error(403, why);
    case WatchState::kRefused:
      return pprof_error(501, why);
    case WatchState::kStarting:
      return pprof_error(503, fmt::format("{} is being looked at; ask again", target.id));
    case WatchState::kHeldUp:
      break;
  }
  return pprof_error(503, why);
}

std::uint64_t unix_ns() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::nanoseconds(now).count());
}

std::string node_name() {
  char name[256] = "";
  return gethostname(name, sizeof name - 1) == 0 && name[0] != '\0' ? name : "localhost";
}

Response exposition(const std::vector<MetricFamily>& families, const std::string& accept) {
  const MetricsFormat format = accepted_format(accept);
  return gorotrace::answer(200, content_type(format), metrics_exposition(families, format));
}

}  // namespace

MonitorPages::MonitorPages(std::shared_ptr<Agent> agent,
                           std::function<std::vector<MetricFamily>()> own_metrics)
    : agent_(std::move(agent)), own_metrics_(std::move(own_metrics)), captures_(agent_) {}

void MonitorPages::answer(const Request& request, const Server::Answer& answer) {
  const auto route = route_of(request.target.path);
  if (!route) return answer(plain(404, "404 page not found"));
  const bool takes_post = route->page == Page::kProfile && route->profile == "symbol";
  if (request.method == Method::kPost && !takes_post) return answer(method_not_allowed("GET, HEAD"));
  switch (route->page) {
    case Page::kHealthy:
      return answer(plain(200, "healthy"));
    case Page::kReady:
      return answer(agent_->ready() ? plain(200, "ready") : plain(503, "starting"));
    case Page::kLivePage:
      return answer(page_answer(route->profile));
    case Page::kMetrics:
      return metrics(request, answer);
    case Page::kTargets:
      return targets(request, answer);
    case Page::kServiceDiscovery:
      return answer(service_discovery(request));
    case Page::kTargetMetrics:
      return target_metrics(request, route->target, answer);
    case Page::kTargetStat:
      return stat(request, route->target, answer);
    case Page::kProfileIndex:
    case Page::kProfileIndexBare:
    case Page::kProfile:
    case Page::kCapture:
      return profile(request, *route, answer);
  }
}

void MonitorPages::targets(const Request& request, const Server::Answer& answer) {
  later("targets", request, answer, [agent = agent_]() -> Result<Response> {
    agent->refresh();
    const std::vector<std::string> notices = agent->notices();
    const std::vector<AgentTarget> all = agent->targets();
    const TargetList list{monotonic_ns(), unix_ns(), agent->ready(), notices, all};
    return gorotrace::answer(200, kJsonText,
                             json_text([&](JsonWriter& out) { targets_json(out, list); }) + "\n");
  });
}

Response MonitorPages::service_discovery(const Request& request) const {
  const std::vector<AgentTarget> all = agent_->targets();
  // As whoever asks has reached it; a server that listens on every address knows no better name of itself.
  const std::string& reached = plain_host(request.host) ? request.host : request.served_at;
  return gorotrace::answer(200, kJsonText, json_text([&](JsonWriter& out) {
                                             service_discovery_json(out, all, reached, node_name());
                                           }) + "\n");
}

void MonitorPages::metrics(const Request& request, const Server::Answer& answer) {
  later("", request, answer,
        [agent = agent_, own = own_metrics_, captures = captures_.metrics(),
         accept = request.accept]() -> Result<Response> {
          std::vector<MetricFamily> families = agent->metrics();
          std::ranges::move(own(), std::back_inserter(families));
          std::ranges::copy(captures, std::back_inserter(families));
          return exposition(families, accept);
        });
}

void MonitorPages::reading(const char* what, const Request& request, const std::string& id,
                           const Server::Answer& answer, const Work& read) {
  const auto target = agent_->target(id);
  if (!target) return answer(plain(404, kNoTarget));
  if (auto refused = not_watched(*target)) return answer(*std::move(refused));
  later(fmt::format("{} {}", what, id), request, answer, [read]() -> Result<Response> {
    auto response = read();
    if (!response && response.error().kind == ErrorKind::kFailed) return plain(503, response.error().message);
    return response;
  });
}

void MonitorPages::target_metrics(const Request& request, const std::string& id,
                                  const Server::Answer& answer) {
  reading("metrics", request, id, answer,
          [agent = agent_, id, accept = request.accept]() -> Result<Response> {
            const auto families = agent->target_metrics(id);
            if (!families) return std::unexpected(families.error());
            return exposition(*families, accept);
          });
}

void MonitorPages::stat(const Request& request, const std::string& id, const Server::Answer& answer) {
  reading("stat", request, id, answer, [agent = agent_, id]() -> Result<Response> {
    auto summary = agent->stat(id);
    if (!summary) return std::unexpected(summary.error());
    return gorotrace::answer(200, kJsonText, *std::move(summary) + "\n");
  });
}

void MonitorPages::profile(const Request& request, const Route& route, const Server::Answer& answer) {
  const auto target = agent_->target(route.target);
  if (!target) return answer(pprof_error(404, kNoTarget));
  if (auto refused = not_watched(*target)) return answer(*std::move(refused));
  if (route.page == Page::kProfileIndexBare) {
    Response out = plain(307, "Temporary Redirect");
    out.headers.emplace_back("Location", fmt::format("/targets/{}/debug/pprof/", target->id));
    return answer(std::move(out));
  }
  if (route.page == Page::kCapture) return capture(request, *target, CaptureKind::kFile, answer);
  if (route.profile == "trace") return capture(request, *target, CaptureKind::kTrace, answer);
  if (const auto other_way = remedy(route.profile, target->pid)) return answer(pprof_error(501, *other_way));
  const auto with = [&](auto read) {
    later(target->id, request, answer, [agent = agent_, target = *target, read = std::move(read)] {
      return read(ProfileSubject{target, agent->binaries()});
    });
  };
  if (route.page == Page::kProfileIndex)
    return with([](const ProfileSubject& of) { return index_answer(of); });
  if (route.profile == "cmdline") return with([](const ProfileSubject& of) { return cmdline_answer(of); });
  if (route.profile == "symbol") {
    return with([asked = request.method == Method::kPost ? request.body : request.target.raw_query](
                    const ProfileSubject& of) { return symbol_answer(of, asked); });
  }
  const bool of_creation = route.profile == "goroutinecreate";
  if (route.profile != "goroutine" && route.profile != "threadcreate" && !of_creation)
    return answer(pprof_error(404, "Unknown profile"));
  const auto wanted =
      profile_wanted(request.target, of_creation ? kLongestCapture.count() : kLongestDifference);
  if (!wanted) return answer(of_error(wanted.error()));
  if (of_creation && wanted->seconds) return capture(request, *target, CaptureKind::kCreation, answer);
  const auto of_profile = of_creation                    ? goroutinecreate_answer
                          : route.profile == "goroutine" ? goroutine_answer
                                                         : threadcreate_answer;
  with([of_profile, wanted = *wanted, unwanted = request.unwanted](const ProfileSubject& of) {
    return of_profile(of, wanted, unwanted);
  });
}

void MonitorPages::capture(const Request& request, const AgentTarget& target, CaptureKind kind,
                           const Server::Answer& answer) {
  auto wanted = kind == CaptureKind::kFile ? capture_wanted(request.target) : trace_wanted(request.target);
  if (!wanted) return answer(of_error(wanted.error()));
  if (kind == CaptureKind::kCreation) wanted->groups = group_bit(GT_GROUP_LIFECYCLE);
  captures_.begin(kind, target, *wanted, request, answer);
}

void MonitorPages::later(const std::string& key, const Request& request, const Server::Answer& answer,
                         Work work) {
  const bool taken = jobs_.add(
      key,
      [answer, work = std::move(work)] {
        auto response = work();
        answer(response ? *std::move(response) : of_error(response.error()));
      },
      request.unwanted);
  if (taken) return;
  Response busy = pprof_error(503, "too many requests wait for this");
  busy.headers.emplace_back("Retry-After", "1");
  answer(std::move(busy));
}

}  // namespace gorotrace
