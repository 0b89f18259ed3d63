// The pages of `gorotrace monitor`: what the agent knows, and what is read of a target for whoever asks.
// Threads: answer() on the server's thread; what waits for a process happens on others.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/agent.h"
#include "http/captures.h"
#include "http/request.h"
#include "http/route.h"
#include "http/server.h"
#include "http/target_jobs.h"

namespace gorotrace {

class MonitorPages {
 public:
  // own_metrics: what is added to /metrics beside the agent's families, from any thread.
  MonitorPages(std::shared_ptr<Agent> agent, std::function<std::vector<MetricFamily>()> own_metrics);

  void answer(const Request& request, const Server::Answer& answer);
  [[nodiscard]] Captures& captures() { return captures_; }

 private:
  using Work = std::function<Result<Response>()>;
  [[nodiscard]] Response service_discovery(const Request& request) const;
  void targets(const Request& request, const Server::Answer& answer);
  void metrics(const Request& request, const Server::Answer& answer);
  void target_metrics(const Request& request, const std::string& id, const Server::Answer& answer);
  void stat(const Request& request, const std::string& id, const Server::Answer& answer);
  // What is read of a watched target, later: one at a time of `what`. 503 where it failed, for it may be
  // there at the next question, which what is not supported will not.
  void reading(const char* what, const Request& request, const std::string& id, const Server::Answer& answer,
               const Work& read);
  void profile(const Request& request, const Route& route, const Server::Answer& answer);
  // The file, which has a path of its own, and what pprof's names have of the same.
  void capture(const Request& request, const AgentTarget& target, CaptureKind kind,
               const Server::Answer& answer);
  // The answer of `work`, later; or at once that there is too much to do.
  void later(const std::string& key, const Request& request, const Server::Answer& answer, Work work);

  std::shared_ptr<Agent> agent_;
  std::function<std::vector<MetricFamily>()> own_metrics_;
  Captures captures_;
  TargetJobs jobs_;
};

}  // namespace gorotrace
