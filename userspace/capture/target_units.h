// The links of one target. A unit is the smallest thing that goes on and off: the sites with the same program
// and the same groups, one uprobe_multi link. So a site that two groups share is attached once and stays
// while either is on. Threads: control thread.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "base/result.h"
#include "capture/attach.h"
#include "capture/bpf_handles.h"
#include "capture/capture.h"

namespace gorotrace {

class TargetUnits {
 public:
  // ip_map_fd: `sites_by_ip`, used in mode kPerfEventIp only.
  TargetUnits(const gorotrace_bpf& skeleton, int ip_map_fd, AttachMode mode, TargetId target, pid_t pid,
              std::string path, gt_u32 tgid, Plan plan);
  ~TargetUnits();
  TargetUnits(const TargetUnits&) = delete;
  TargetUnits& operator=(const TargetUnits&) = delete;

  [[nodiscard]] Result<GroupMask> set_groups(GroupMask groups);
  [[nodiscard]] GroupMask groups() const { return on_; }
  [[nodiscard]] const Plan& plan() const { return plan_; }
  [[nodiscard]] gt_u32 tgid() const { return tgid_; }
  // Hands the links over, to be destroyed together with others'.
  [[nodiscard]] Links take_links();

 private:
  struct Unit {
    const bpf_program* program;
    GroupMask groups;
    std::vector<AttachPoint> points;
    Links links;
  };
  [[nodiscard]] Status fill_ip_map(const Unit& unit);
  void clear_ip_map(const Unit& unit);

  int ip_map_fd_;
  AttachMode mode_;
  pid_t pid_;
  std::string path_;
  gt_u32 tgid_;
  Plan plan_;
  GroupMask on_ = 0;
  std::vector<Unit> units_;
  std::map<std::uint64_t, std::uint64_t> ips_;  // file offset -> address, of what is in the ip map
};

}  // namespace gorotrace
