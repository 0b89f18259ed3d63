// What commands that trace processes take alike: which ones, with which probes, at what cost, for how long.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "evidence/dump_filter.h"
#include "report/stack_numbers.h"
#include "session/session.h"

namespace CLI {
class App;
}

namespace gorotrace {

struct SessionArguments {  // as typed
  std::vector<std::string> targets;
  std::string duration, probes, budget = "10%", sample_cpu = "5%", ring_size;
  bool all = false, share_probes = false;
};

struct SessionPlan {  // as meant
  std::vector<TargetName> targets;
  TargetStage stage = TargetStage::kRunning;  // all of them
  SessionOptions options;
  std::optional<std::chrono::nanoseconds> duration;  // until a signal or the targets' end when absent
};

// groups: those that are attached when nothing is said. `after_budget` ends the help of --budget.
void add_session_options(CLI::App& command, SessionArguments& arguments, GroupMask groups,
                         const std::string& after_budget);
// phases: what a budget means that does not say it.
[[nodiscard]] Result<SessionPlan> understand(const SessionArguments& arguments, GroupMask groups,
                                             bool phases);

// Opens the targets and attaches to all of them, or to none. `stacks` gets each target. filter: its reasons
// must be some that each target has. A target that cannot be traced is told first, whatever else fails.
[[nodiscard]] Result<std::unique_ptr<Session>> attach(const SessionPlan& plan, const DumpFilter& filter,
                                                      RunStacks& stacks);

// What -v is for: what was chosen, and by what.
void tell_decisions(Session& session, const SessionArguments& arguments);

}  // namespace gorotrace
