// Keeps what tracing costs a target within its budget: charges hits x calibrated trap cost (all of a hit that
// its program's own clock does not see: capture/calibration.h) + sampled program time, and says which groups
// may stay. Pure arithmetic over counters; the session feeds and obeys it. Threads: control thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "probe/plan.h"

namespace gorotrace {

struct Budget {                        // exactly one holds
  std::optional<double> target_share;  // 0.10: of the target's own CPU time, never less room than kFloorCpu
  std::optional<double> cpus;          // "0.5cpu"
  bool unlimited = false;              // "none"
  [[nodiscard]] static Result<Budget> parse(const std::string& text);
};
inline constexpr double kFloorCpu = 0.05;

// Cumulative cost charged to a target.
struct Charge {
  struct Site {
    GroupMask groups;  // on which it is attached
    double ns;
  };
  double ns = 0;
  std::uint64_t hits = 0;
  std::vector<Site> sites;
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
  Governor(Budget budget, std::uint64_t grace_ns = 200'000'000);

  // Called every few ten ms with cumulative figures and the groups that are on; returns those that may stay.
  // When the charge over the last grace time passed the budget, groups go in kDetachOrder until what the
  // sites of the rest were charged fits. After a change the figures start anew: the target runs faster now,
  // so what is left may cost more than it did, and then more goes, a grace time later at the earliest.
  [[nodiscard]] GroupMask step(std::uint64_t now_ns, const Charge& charged, std::uint64_t target_cpu_ns,
                               GroupMask on);
  // Why the last step that took groups did: "41 % of one CPU for 205ms, the budget leaves 10".
  [[nodiscard]] const std::string& overrun() const { return overrun_; }

 private:
  Budget budget_;
  std::uint64_t grace_ns_;
  struct Sample {
    std::uint64_t now_ns;
    Charge charged;
    std::uint64_t cpu_ns;
  };
  std::vector<Sample> window_;
  GroupMask last_on_ = 0;
  std::string overrun_;
};

// Order in which groups go when the budget is passed: what others rest on goes last.
inline constexpr gt_group kDetachOrder[] = {GT_GROUP_CHAN, GT_GROUP_SYNC,  GT_GROUP_SYSCALL,
                                            GT_GROUP_RUN,  GT_GROUP_BLOCK, GT_GROUP_LIFECYCLE};

}  // namespace gorotrace
