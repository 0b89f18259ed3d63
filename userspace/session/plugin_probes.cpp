#include "session/plugin_probes.h"

#include <fmt/format.h>

#include <utility>

#include "capture/leftovers.h"
#include "probe/counterparts.h"
#include "probe/hooks.h"
#include "session/armed_check.h"

namespace gorotrace {

GroupMask PluginProbes::add(TargetId id, pid_t through, const Plan& program, GroupMask wanted) {
  GroupMask unseen = 0;
  names_.clear();
  const auto name = [this](const std::string& path) { names_ += (names_.empty() ? "" : ", ") + path; };
  const auto missed = [&](const std::string& path, const std::string& why) {
    unseen |= wanted;
    notices_.add(fmt::format("what code of {} does is not seen: {}", path, why));
  };
  for (const auto refused = target_.plugins_refused(); refused_ < refused.size(); ++refused_) {
    name(refused[refused_].path);
    missed(refused[refused_].path, refused[refused_].why);
  }
  for (; target_.modules()->size() > known_; ++known_) {
    const Module& module = (*target_.modules())[known_];
    name(module.path);
    Plan plan;
    if (auto added = add(id, through, program, module, plan); !added) {
      missed(module.path, added.error().message);
      continue;
    }
    for (const Unplanned& u : plan.unplanned) {
      const GroupMask groups = groups_of(u.hook) & wanted;
      if (u.expected || groups == 0) continue;
      unseen |= groups;
      notices_.add(
          fmt::format("{} is not seen in {} of {}: {}", name_of(u.hook), u.function, module.path, u.reason));
    }
    planned_.push_back({&module, std::move(plan)});
  }
  return unseen;
}

Status PluginProbes::add(TargetId id, pid_t through, const Plan& program, const Module& module, Plan& plan) {
  Capture& capture = *pipeline_.capture();
  std::vector<std::string> shared;
  auto made = target_.plan_plugin(module, pipeline_.trap_costs(), shared);
  if (!made) return std::unexpected(made.error());
  if (!shared.empty()) {  // of a living tracer, or left by one that was killed
    if (auto removed = remove_leftovers(capture.mode(), through, module.open_path, *made); !removed)
      return removed;
    shared.clear();
    if (auto again = target_.plan_plugin(module, pipeline_.trap_costs(), shared); !again)
      return std::unexpected(again.error());
    for (const std::string& site : shared)
      notices_.add(fmt::format("{} of {} already carries a breakpoint of another tracer; both count", site,
                               module.path));
  }
  std::vector<gt_u8> counted_as;
  const auto alike = counterparts(program, *made);
  for (std::size_t i = 0; i < alike.size(); ++i) {
    Site& site = made->sites[i];
    if (alike[i]) {
      counted_as.push_back(*alike[i]);
      plan.sites.push_back(std::move(site));
    } else {
      made->unplanned.push_back({site.hook, site.function, "the program has no such probe", false, false});
    }
  }
  plan.unplanned = std::move(made->unplanned);
  return capture.add_file(id, through, module.open_path, plan, counted_as);
}

Status PluginProbes::check_armed(GroupMask groups) const {
  for (const Planned& planned : planned_) {
    auto armed = gorotrace::check_armed(target_.process(), planned.plan, planned.module->bias, groups);
    if (!armed) return wrap(armed.error(), planned.module->path);
  }
  return {};
}

}  // namespace gorotrace
