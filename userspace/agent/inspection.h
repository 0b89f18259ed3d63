// What one process is: with which Go runtimes, the executable's and those of shared libraries, whose, in
// which container, to be watched or not. Reads its files and its memory, and so may be held up by it: run by
// workers.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
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
  GoFileCache files;  // executables
  GoFileCache libraries{GoFileCache::examine_library};
  ContainerNames containers;
  BinaryCache binaries;
};

struct InspectedRuntime {
  AgentTarget target;              // since_ns is not set
  std::shared_ptr<Target> opened;  // when it is to be watched
  bool passing = false;            // it was refused for what may not last
};

struct Inspected {
  enum class What : std::uint8_t {
    kGone,
    kNotGo,
    kUnknown,  // it may not be asked
    kLeftOut,  // others of its user hold up whoever looks at them
    kGo,
  };
  What what = What::kGone;
  std::vector<InspectedRuntime> runtimes;  // of kGo: those that were not known
};

// known: ids of its targets that are not looked at again. `found` is called for each other one, at most once,
// before its memory is read.
[[nodiscard]] Inspected inspect_process(pid_t pid, const std::vector<std::string>& known,
                                        const std::vector<AgentRule>& rules, InspectionCaches& caches,
                                        const std::function<void(const AgentTarget&)>& found);

[[nodiscard]] RuleSubject rule_subject(const AgentTarget& target);

// A process says so by GOROTRACE=off among the variables it was started with (/proc/PID/environ).
[[nodiscard]] bool opts_out(std::string_view environment);

}  // namespace gorotrace
