// Probes in the plugins of a target: their code calls copies of the runtime's functions that are in their own
// files (probe/plan.cpp, R5).
// Threads: control thread.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"
#include "probe/plan.h"
#include "session/notices.h"
#include "session/pipeline.h"
#include "session/target.h"

namespace gorotrace {

class PluginProbes {
 public:
  // All that is referred to outlives this object.
  PluginProbes(const Target& target, Pipeline& pipeline, Notices& notices)
      : target_(target), pipeline_(pipeline), notices_(notices) {}

  // There is a plugin that was not added.
  [[nodiscard]] bool due() const {
    return target_.modules()->size() > known_ || target_.plugins_refused().size() > refused_;
  }
  // Plans them; their sites come with their groups from the next Capture::set_groups() on. `through`: as
  // Capture::add_target(); program: the target's own plan. The groups of `wanted` of which something is not
  // seen in them, and notices of what.
  [[nodiscard]] GroupMask add(TargetId id, pid_t through, const Plan& program, GroupMask wanted);
  // As check_armed(), of theirs.
  [[nodiscard]] Status check_armed(GroupMask groups) const;
  // Names of those that were added last.
  [[nodiscard]] const std::string& names() const { return names_; }

 private:
  struct Planned {
    const Module* module;
    Plan plan;
  };
  [[nodiscard]] Status add(TargetId id, pid_t through, const Plan& program, const Module& module, Plan& plan);

  const Target& target_;
  Pipeline& pipeline_;
  Notices& notices_;
  std::size_t known_ = 1;    // of modules: the first is the target's binary
  std::size_t refused_ = 0;  // of those that have no module
  std::vector<Planned> planned_;
  std::string names_;
};

}  // namespace gorotrace
