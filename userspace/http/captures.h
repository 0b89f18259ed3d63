// Traces and captures that a person asks for over HTTP: probes of the groups that are needed, for 30 s at
// most, under a budget of their own, one at a time on this node. Each runs on a thread of its own and ends
// when nobody waits for it any more, which is what a server that ends says of all of them.
// Threads: any.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "agent/agent.h"
#include "agent/metric_family.h"
#include "base/crew.h"
#include "http/capture_counts.h"
#include "http/capture_words.h"
#include "http/request.h"
#include "http/response.h"

namespace gorotrace {

class Captures {
 public:
  explicit Captures(std::shared_ptr<Agent> agent);
  // The server has ended. Waits until nothing is attached any more; not for a process that holds it up.
  ~Captures();
  Captures(const Captures&) = delete;
  Captures& operator=(const Captures&) = delete;

  // Holds for those that begin later. allowed: else they are refused (403).
  void configure(bool allowed, double budget_percent);

  // Within the server's handler. Answers later, or at once that it is not to be had: 403, 503.
  void begin(CaptureKind kind, const AgentTarget& target, const CaptureWanted& wanted, const Request& request,
             std::function<void(Response)> answer);

  [[nodiscard]] std::vector<MetricFamily> metrics() const;

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
  std::mutex crew_mutex_;
  Crew crew_{"gt-capture"};
};

}  // namespace gorotrace
