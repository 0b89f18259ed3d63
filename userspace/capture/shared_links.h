// Links that targets of one file share: without a pid, so every process of the file is hit, and the programs
// find the target by its process (`owners`). A target that has a group off while another one has it on still
// takes the traps; its sites are muted then. Threads: control thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "capture/attach_groups.h"
#include "capture/target_links.h"

namespace gorotrace {

class SharedMember;

class SharedLinks {
 public:
  // `file` opens the executable, for as long as this exists. `index`: gt_cookie.file.
  SharedLinks(const gorotrace_bpf& skeleton, Detacher& detacher, AttachMode mode, gt_u8 index, UniqueFd file,
              Plan plan);

  [[nodiscard]] gt_u8 index() const { return index_; }
  [[nodiscard]] const Plan& plan() const { return units_.plan(); }
  [[nodiscard]] bool attached() const { return units_.groups() != 0; }
  [[nodiscard]] std::size_t targets() const { return members_.size(); }

 private:
  friend class SharedMember;
  // Of all members but one.
  [[nodiscard]] GroupMask groups_without(const SharedMember* member) const;

  gt_u8 index_;
  UniqueFd file_;
  AttachGroups units_;
  std::vector<const SharedMember*> members_;
};

// One target of them.
class SharedMember : public TargetLinks {
 public:
  // `config`: the target's, as the kernel side sees it; muted by initial_mute() when it was written.
  SharedMember(std::shared_ptr<SharedLinks> links, gt_target& config);
  ~SharedMember() override;
  [[nodiscard]] static gt_u64 initial_mute() { return ~gt_u64{0}; }

  [[nodiscard]] Result<GroupMask> set_groups(GroupMask groups) override;
  [[nodiscard]] GroupMask groups() const override { return on_; }
  // Of any member: its own sites are muted at once, and the trap stays.
  [[nodiscard]] bool detaching() const override { return links_->units_.detaching(); }
  [[nodiscard]] GroupMask trapped() const override { return links_->units_.groups(); }
  void withdraw(GroupMask groups) override { unaffordable_ |= groups; }
  [[nodiscard]] GroupMask permitted() const override;
  [[nodiscard]] std::size_t sites() const override { return links_->units_.sites(); }
  [[nodiscard]] Links take_links() override;

 private:
  friend class SharedLinks;
  void unmute(GroupMask groups);

  std::shared_ptr<SharedLinks> links_;
  gt_target& config_;
  GroupMask on_ = 0, unaffordable_ = 0;
};

}  // namespace gorotrace
