// Links of one target, or of all processes of a file. An attach group is the smallest thing that goes on and
// off: the sites with the same program and the same groups, one uprobe_multi link. So a site that two groups
// share is attached once and stays while either is on. Threads: control thread.
#pragma once

#include <future>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "capture/attach.h"
#include "capture/bpf_handles.h"
#include "capture/capture.h"
#include "capture/detacher.h"
#include "capture/target_links.h"

namespace gorotrace {

// Who is hit, and what the cookies say of it.
struct ProbeScope {
  pid_t pid;         // kEveryProcess, too
  gt_u32 tgid;       // of that process, in the initial PID namespace
  gt_cookie cookie;  // whose hit it is: the parts that no site has
};

class AttachGroups : public TargetLinks {
 public:
  // The skeleton and the detacher outlive this object.
  // counted_as: the index in its cookie for each site, when that is not its own.
  AttachGroups(const gorotrace_bpf& skeleton, Detacher& detacher, AttachMode mode, const ProbeScope& scope,
               std::string path, Plan plan, const std::vector<gt_u8>& counted_as = {});
  ~AttachGroups() override;

  [[nodiscard]] Result<GroupMask> set_groups(GroupMask groups) override;
  [[nodiscard]] GroupMask groups() const override { return on_; }
  [[nodiscard]] bool detaching() const override;
  [[nodiscard]] std::size_t sites() const override { return plan_.sites.size(); }
  [[nodiscard]] Links take_links() override;

  [[nodiscard]] const Plan& plan() const { return plan_; }

 private:
  struct AttachGroup {
    const bpf_program* program;
    GroupMask groups;
    std::vector<AttachPoint> points;
    Links links;
    std::shared_future<void> going;  // of those that were let go last; none before
  };
  [[nodiscard]] Status fill_ip_map(const AttachGroup& attach_group);
  void clear_ip_map(const AttachGroup& attach_group);
  void clear_ips_of_gone();

  Detacher& detacher_;
  int ip_map_fd_;  // `sites_by_ip`, used in mode kPerfEventIp only
  AttachMode mode_;
  ProbeScope scope_;
  std::string path_;
  Plan plan_;
  GroupMask on_ = 0;
  std::vector<AttachGroup> attach_groups_;
  std::map<std::uint64_t, std::uint64_t> ips_;  // file offset -> address, of what is in the ip map
};

}  // namespace gorotrace
