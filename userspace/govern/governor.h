// Keeps what tracing costs a target within its budget: charges hits x calibrated trap cost (all of a hit that
// its program's own clock does not see: capture/calibration.h) + sampled program time, and says which groups
// may stay, and when those that went may come back. Pure arithmetic over counters; the session feeds and
// obeys it. Threads: control thread.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/result.h"
#include "probe/plan.h"

namespace gorotrace {

inline constexpr double kFloorCpu = 0.05;

struct Budget {                        // exactly one of the first three holds
  std::optional<double> target_share;  // 0.10: of the target's own CPU time, never less room than floor_cpu
  std::optional<double> cpus;          // "0.5cpu"
  bool unlimited = false;              // "none"
  bool phases = true;                  // what went comes back for a while; false: "10%,detach"
  double floor_cpu = kFloorCpu;        // of one CPU
  // otherwise: `phases` of a text that says neither ",phases" nor ",detach".
  [[nodiscard]] static Result<Budget> parse(const std::string& text, bool otherwise = true);
};

// Cumulative cost charged to a target.
struct Charge {
  struct Site {
    GroupMask groups;  // on which it is attached
    double ns;
  };
  double ns = 0;
  std::uint64_t hits = 0;
  std::vector<Site> sites;

  // What came from one charge of a target to a later one of it, each ns of it so many times.
  void add_weighted(const Charge& from, const Charge& to, double weight);
};

// Charge of one target from its sites' cumulative counters.
struct SiteCost {
  Execution execution;
  std::uint64_t hits, sampled, sampled_ns;
  GroupMask groups;
};
[[nodiscard]] Charge charge(const std::vector<SiteCost>& sites, const TrapCosts& costs);

class Governor {
 public:
  // The seed decides how long phases are.
  Governor(Budget budget, std::uint64_t seed, std::uint64_t grace_ns = 200'000'000);

  // Called every few ten ms with cumulative figures and the groups that are on; returns those that may be.
  // When the charge over the last grace time passed the budget, groups go in kDetachOrder until what the
  // sites of the rest were charged fits. After a change the figures start anew: the target runs faster now,
  // so what is left may cost more than it did, and then more goes, a grace time later at the earliest.
  //
  // wanted: groups that may come back. They do once what was spent above the budget since the first step has
  // been saved again, so that the average keeps to it, and go as before: phases of a random length, which
  // begin at random times, or they would keep step with what the target does. A phase is kept short enough
  // for 10 s to take no more than a fifth above the budget, where kLagNs, for which probes go on once they
  // are told to go, leaves room for that; the first one lasts the grace time whatever it costs.
  // over: groups that have passed allowed_ns() by now, as the kernel side saw: they go at once.
  [[nodiscard]] GroupMask step(std::uint64_t now_ns, const Charge& charged, std::uint64_t target_cpu_ns,
                               GroupMask on, GroupMask wanted, GroupMask over = 0);
  // From here on the budget leaves so many CPUs at most, whatever it is a share of.
  void cap(double cpus) { cap_cpus_ = cpus; }
  // What may be spent from here on until control has come to take groups away; nullopt: whatever it takes.
  [[nodiscard]] std::optional<double> allowed_ns() const;
  // When the phase that was begun last is to be looked at, if it goes on.
  [[nodiscard]] std::uint64_t phase_ends_ns() const { return phase_ends_ns_; }
  // Why the last step that took groups did: "41 % of one CPU for 205ms, the budget leaves 10".
  [[nodiscard]] const std::string& overrun() const { return overrun_; }

 private:
  // Of the room that the budget leaves: what is saved at most, and what a phase may take.
  static constexpr double kAheadNs = 0.5e9, kPhaseNs = 1.5e9;
  static constexpr double kLagNs = 100e6;
  [[nodiscard]] double room(double elapsed_ns, double target_cpu_ns) const;
  void save(std::uint64_t now_ns, const Charge& charged, std::uint64_t target_cpu_ns);
  void begin_phase(std::uint64_t now_ns);
  void plan_phases(double spent_ns, double room_ns);

  Budget budget_;
  std::optional<double> cap_cpus_;
  std::uint64_t grace_ns_, phase_ns_;  // phase_ns_: the grace time of the present phase
  std::uint64_t phase_ends_ns_ = 0;
  std::mt19937_64 random_;
  struct Spent {
    std::uint64_t now_ns;
    double charged_ns;
    std::uint64_t cpu_ns;
  };
  std::optional<Spent> saved_at_;
  double saved_ns_ = 0;    // room less what was spent; below 0: a debt
  double enough_ns_ = 0;   // with so much groups come back
  double deepest_ns_ = 0;  // of the phase's debt
  double longest_ns_ = 0;  // of the phases to come
  double room_share_ = 0;  // the room for a time, by that time, as of the last step
  struct Sample {
    std::uint64_t now_ns;
    Charge charged;
    std::uint64_t cpu_ns;
  };
  std::vector<Sample> window_;
  GroupMask last_on_ = 0;
  std::string overrun_;
};

// Of events that are rare in nearly every program.
inline constexpr GroupMask kRareGroups = group_bit(GT_GROUP_PANIC) | group_bit(GT_GROUP_GC);

// Order in which groups go when the budget is passed: what others rest on goes last, and behind it what costs
// next to nothing in nearly every program.
inline constexpr gt_group kDetachOrder[] = {GT_GROUP_CHAN, GT_GROUP_SYNC,  GT_GROUP_SYSCALL,
                                            GT_GROUP_RUN,  GT_GROUP_BLOCK, GT_GROUP_LIFECYCLE,
                                            GT_GROUP_GC,   GT_GROUP_PANIC};

}  // namespace gorotrace
