// The intervals in which a group was armed and nothing was lost.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "model/model.h"

namespace gorotrace {

class Coverage {
 public:
  // More gaps than this leave out the shortest interval: less is claimed than was covered, never more.
  static constexpr std::size_t kMaxIntervals = 4096;

  void on(gt_group group, std::uint64_t at_ns);
  void off(gt_group group, std::uint64_t at_ns);
  void gap(std::uint64_t from_ns, std::uint64_t to_ns);
  // Goes on from a checkpoint: the group is on, or not, since then, and no interval begins before from_ns.
  void resume(gt_group group, bool on, std::uint64_t since_ns, std::uint64_t from_ns);
  [[nodiscard]] bool is_on(gt_group group) const { return groups_[group].on; }
  [[nodiscard]] std::uint64_t since(gt_group group) const { return groups_[group].since; }
  [[nodiscard]] std::vector<Interval> intervals(gt_group group, std::uint64_t at_ns) const;

 private:
  struct PerGroup {
    bool on = false;
    std::uint64_t since = 0;
    std::vector<Interval> past;
  };
  void close(PerGroup& group, std::uint64_t at_ns) const;
  std::uint64_t from_ns_ = 0;
  std::array<PerGroup, GT_GROUP_COUNT> groups_{};
};

}  // namespace gorotrace
