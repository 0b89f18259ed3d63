// The always-on agent of a node: finds Go processes as they come and go, reads the runtime's own counters of
// those that are watched when somebody asks, and samples their goroutines in turns. It sets probes where a
// rule of the configuration says so, and stops nothing.
//
// Threads: any may call what is public, several at once. A thread of the agent's own finds processes, another
// one samples; others read memory, because a process can hold up whoever reads it (base/crew.h).
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/agent_target.h"
#include "agent/config.h"
#include "agent/metric_family.h"
#include "base/result.h"
#include "symbols/binary_cache.h"

namespace gorotrace {

class Agent {
 public:
  // What a caller waits at most for readings that are not there yet.
  static constexpr std::chrono::milliseconds kPatience{1000};
  // The same of a summary: two looks, after those that others wait for.
  static constexpr std::chrono::milliseconds kStatPatience{3000};
  // Readings younger than this are given again.
  static constexpr std::chrono::milliseconds kFresh{1000};

  // Without the tracepoint of exec (no rights, an old kernel) processes are found by scans alone; notices()
  // says so.
  [[nodiscard]] static Result<std::unique_ptr<Agent>> start(AgentConfig config);
  ~Agent();
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;
  // Returns soon; threads that a process holds up are left behind. What is asked for later finds no targets.
  void stop();

  // The rules and budget of `config` hold from now on, for processes that are known, too.
  void reload(AgentConfig config);

  // The first scan is through.
  [[nodiscard]] bool ready() const;
  // Lines for a person: what the agent does without, and why.
  [[nodiscard]] std::vector<std::string> notices() const;

  // Has the counters of all that are watched read, for targets(): those that are not young, for kPatience at
  // most. What does not come in time is as it was, and counted.
  void refresh();
  // Never waits for a process. By pid.
  [[nodiscard]] std::vector<AgentTarget> targets() const;
  [[nodiscard]] std::optional<AgentTarget> target(std::string_view id) const;

  // One target in client_golang's names and labels, and gorotrace_* of it. kNoProcess: no such target;
  // kUnsupported: it is not watched, says why; kFailed: it did not answer in time.
  [[nodiscard]] Result<std::vector<MetricFamily>> target_metrics(std::string_view id);
  // The agent itself, and gorotrace_* of each watched target with the label `target`, its id. What cannot be
  // read in time is left out, and counted.
  [[nodiscard]] std::vector<MetricFamily> metrics();
  // What `stat --json` says in the end, of one target by sampling (NodeSampling::summary()); it is sampled
  // for as long as somebody asks. Errors as those of target_metrics().
  [[nodiscard]] Result<std::string> stat(std::string_view id);

  // Binaries of the targets, for whoever opens one (Target::open) to do more with it.
  [[nodiscard]] BinaryCache& binaries();

 private:
  class Impl;
  explicit Agent(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace gorotrace
