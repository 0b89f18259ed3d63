#include "capture/shared_links.h"

#include <fmt/format.h>

#include <atomic>
#include <utility>

namespace gorotrace {
namespace {

ProbeScope everybody(gt_u8 file) {
  gt_cookie by_owner{};
  by_owner.target = GT_BY_OWNER;
  by_owner.file = file;
  return {.pid = kEveryProcess, .tgid = 0, .cookie = by_owner};
}

}  // namespace

// By descriptor: the process that the path came from may end before the others.
SharedLinks::SharedLinks(const gorotrace_bpf& skeleton, Detacher& detacher, AttachMode mode, gt_u8 index,
                         UniqueFd file, Plan plan)
    : index_(index),
      file_(std::move(file)),
      units_(skeleton, detacher, mode, everybody(index), fmt::format("/proc/self/fd/{}", file_.get()),
             std::move(plan)) {}

GroupMask SharedLinks::groups_without(const SharedMember* member) const {
  GroupMask groups = 0;
  for (const SharedMember* other : members_) groups |= other == member ? 0 : other->on_;
  return groups;
}

SharedMember::SharedMember(std::shared_ptr<SharedLinks> links, gt_target& config)
    : links_(std::move(links)), config_(config) {
  links_->members_.push_back(this);
}

SharedMember::~SharedMember() {
  (void)set_groups(0);  // attaches nothing, so it cannot fail
  std::erase(links_->members_, this);
}

GroupMask SharedMember::permitted() const {
  GroupMask unaffordable = 0;
  for (const SharedMember* member : links_->members_) unaffordable |= member->unaffordable_;
  return ~unaffordable;
}

// What is wanted comes before what is not goes, so that a failure leaves everything as it was.
Result<GroupMask> SharedMember::set_groups(GroupMask groups) {
  groups &= permitted();
  const GroupMask others = links_->groups_without(this);
  if (auto more = links_->units_.set_groups(others | on_ | groups); !more) return more;
  unmute(groups);
  on_ = groups;
  auto less = links_->units_.set_groups(others | groups);
  if (!less) return less;
  return on_;
}

void SharedMember::unmute(GroupMask groups) {
  static_assert(GT_MAX_SITES <= 64, "a bit for each site");
  gt_u64 muted = initial_mute();
  const auto& sites = links_->plan().sites;
  for (std::size_t i = 0; i < sites.size(); ++i)
    if ((sites[i].groups & groups) != 0) muted &= ~(gt_u64{1} << i);
  std::atomic_ref<gt_u64>(config_.muted).store(muted);
}

// Of all who share them: the first who is asked hands everything over.
Links SharedMember::take_links() {
  unmute(0);
  on_ = 0;
  return links_->units_.take_links();
}

}  // namespace gorotrace
