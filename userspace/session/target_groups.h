// The probe groups of one target: which are on, what they cost it, and which its budget takes away.
// Threads: control thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "evidence/facts.h"
#include "govern/governor.h"
#include "govern/slowdown.h"
#include "session/notices.h"
#include "session/pipeline.h"
#include "session/plugin_probes.h"
#include "session/target.h"

namespace gorotrace {

class TargetGroups {
 public:
  // All that is referred to outlives this object.
  TargetGroups(const Target& target, Pipeline& pipeline, const Budget& budget, Notices& notices);

  // Plans the probes of `wanted` and gives the target its id; attaches nothing. Without programs that is
  // `otherwise`.
  [[nodiscard]] Result<TargetId> plan(const EventsWanted& wanted, TargetId otherwise);
  // Plugins have come since: their probes, too, are on from the moment that is given. In between is a gap;
  // what their code did before is not known.
  std::optional<std::uint64_t> follow_plugins();
  // The window's begin: attaches the groups and tells the model.
  [[nodiscard]] Result<std::uint64_t> arm(GroupMask wanted);
  // Gives the slot back: nothing of this target stays attached.
  void release();

  [[nodiscard]] Status detach();  // begins it
  [[nodiscard]] bool detached();  // nobody's process from then on
  void gone() { on_ = 0; }        // somebody else has detached them

  // What the target was charged until now.
  void charge();
  // What the runtime has counted by then, and the CPU time of the process: how much of it tracing takes.
  void note_work(const Slowdown::Reading& reading) { slowdown_.read(reading); }
  void post_cost() const;  // into the stream, as of the last charge
  // Why the budget last took groups.
  [[nodiscard]] const std::string& overrun() const { return overrun_; }
  // However much the budget is, so many CPUs at most.
  void cap_budget(double cpus) { governor_.cap(cpus); }
  // The groups that the budget leaves it, as of the last charge; with may_return those that it took, too,
  // once that is paid for.
  [[nodiscard]] GroupMask affordable(std::uint64_t now_ns, bool may_return);
  // What goes for the budget's sake comes back, where phases are possible; all else is gone for good.
  enum class Why : std::uint8_t { kBudget, kOther };
  // When groups came on: the moment from which on they count; else nothing.
  std::optional<std::uint64_t> switch_to(GroupMask want, Why why, const std::string& reason);

  [[nodiscard]] GroupMask on() const { return on_; }
  [[nodiscard]] bool is_on(gt_group group) const { return (on_ & group_bit(group)) != 0; }
  // Groups with a transition that cannot be probed in this binary.
  [[nodiscard]] GroupMask incomplete() const { return incomplete_; }
  [[nodiscard]] const std::vector<Detachment>& detached() const { return detached_; }
  [[nodiscard]] const std::optional<Phases>& phases() const { return phases_; }
  // Groups come and go: when the ones that came last count, and when they are to be looked at again.
  [[nodiscard]] std::optional<std::uint64_t> due_after(std::uint64_t now_ns) const;
  [[nodiscard]] const CostFacts& cost() const { return cost_; }
  [[nodiscard]] std::optional<SharedProbes> shared_probes() const;

  // The thread that the probes were attached through has exited, while others live: a kernel may let none of
  // them be hit any more, and says nothing.
  [[nodiscard]] bool orphaned() const;

 private:
  [[nodiscard]] bool in_phases() const;
  [[nodiscard]] Result<GroupMask> attach(GroupMask wanted);
  void note_traced();
  void limit(GroupMask on);  // what its hits may cost from here on, in the kernel
  void note_unplanned(GroupMask wanted);
  void note_phase(GroupMask gone, GroupMask came, const std::string& reason);
  void post(GroupMask groups, bool on, std::uint64_t at_ns);

  const Target& target_;
  Pipeline& pipeline_;
  Notices& notices_;
  PluginProbes plugins_;
  Governor governor_;
  const bool phases_wanted_;
  GroupMask took_ = 0;            // by the budget, to come back
  std::uint64_t came_on_ns_ = 0;  // from then on what came last counts
  std::optional<Phases> phases_;
  std::string overrun_;
  Plan plan_;
  GroupMask wanted_ = 0;
  TargetId id_ = 0;
  pid_t attached_through_ = 0;  // Process::task() then
  GroupMask on_ = 0, incomplete_ = 0;
  std::vector<Detachment> detached_;
  CostFacts cost_;
  Charge charged_;
  Slowdown slowdown_;
  Charge weighted_;  // charged_, with what the target loses beyond its traps: what the budget is held against
  std::uint64_t attach_ns_ = 0;  // CPU time that attaching and letting go took, the kernel's in its text
  std::uint64_t cpu_at_begin_ns_ = 0;
  std::optional<std::uint64_t> cpu_ns_;  // of the target, at the last charge
};

}  // namespace gorotrace
