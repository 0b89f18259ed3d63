// What one process is: Go or not, whose, in which container, to be watched or not. Reads its files and its
// memory, and so may be held up by it: run by workers.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "agent/agent_target.h"
#include "agent/container_name.h"
#include "agent/go_file_cache.h"
#include "agent/rules.h"
#include "session/target.h"
#include "symbols/binary_cache.h"

namespace gorotrace {

// What inspections share, whichever thread they run on.
struct InspectionCaches {
  GoFileCache files;
  ContainerNames containers;
  BinaryCache binaries;
};

struct Inspected {
  enum class What : std::uint8_t {
    kGone,
    kNotGo,
    kUnknown,  // it may not be asked
    kGo,
  };
  What what = What::kGone;
  AgentTarget target;              // of kGo; since_ns is not set
  std::shared_ptr<Target> opened;  // when it is to be watched
  bool passing = false;            // it was refused for what may not last
};

// `found` is called, at most once, when it is known to be Go, before its memory is read.
[[nodiscard]] Inspected inspect_process(pid_t pid, const std::vector<AgentRule>& rules,
                                        InspectionCaches& caches,
                                        const std::function<void(const AgentTarget&)>& found);

[[nodiscard]] RuleSubject rule_subject(const AgentTarget& target);

// A process says so by GOROTRACE=off among the variables it was started with (/proc/PID/environ).
[[nodiscard]] bool opts_out(std::string_view environment);

}  // namespace gorotrace
