#include "capture/attach_groups.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <chrono>

#include "capture/load.h"

namespace gorotrace {
namespace {

std::uint64_t cookie_of(gt_cookie cookie, std::size_t index, const Site& site) {
  cookie.site = static_cast<gt_u8>(index);
  cookie.hook = static_cast<gt_u8>(site.hook);
  cookie.reg = site.reg;
  cookie.flags = site.flags;
  return std::bit_cast<std::uint64_t>(cookie);
}

// Nothing on its way counts as gone.
bool gone(const std::shared_future<void>& going) {
  return !going.valid() || going.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

}  // namespace

AttachGroups::AttachGroups(const gorotrace_bpf& skeleton, Detacher& detacher, AttachMode mode,
                           const ProbeScope& scope, std::string path, Plan plan,
                           const std::vector<gt_u8>& counted_as)
    : detacher_(detacher),
      ip_map_fd_(bpf_map__fd(skeleton.maps.sites_by_ip)),
      mode_(mode),
      scope_(scope),
      path_(std::move(path)),
      plan_(std::move(plan)) {
  for (std::size_t i = 0; i < plan_.sites.size(); ++i) {
    const Site& site = plan_.sites[i];
    const bpf_program* program = program_of(skeleton, site.hook);
    if (program == nullptr) continue;
    auto attach_group = std::ranges::find_if(attach_groups_, [&](const AttachGroup& u) {
      return u.program == program && u.groups == site.groups;
    });
    if (attach_group == attach_groups_.end())
      attach_group =
          attach_groups_.insert(attach_groups_.end(), AttachGroup{program, site.groups, {}, {}, {}});
    const std::size_t index = counted_as.empty() ? i : counted_as[i];
    attach_group->points.push_back({site.file_offset, cookie_of(scope_.cookie, index, site)});
  }
}

AttachGroups::~AttachGroups() {
  detacher_.detach(take_links()).wait();
  for (const AttachGroup& attach_group : attach_groups_) clear_ip_map(attach_group);
}

Links AttachGroups::take_links() {
  Links links;
  for (AttachGroup& attach_group : attach_groups_) {
    std::ranges::move(attach_group.links, std::back_inserter(links));
    attach_group.links.clear();
  }
  on_ = 0;
  return links;
}

bool AttachGroups::detaching() const {
  return !std::ranges::all_of(attach_groups_, gone, &AttachGroup::going);
}

Result<GroupMask> AttachGroups::set_groups(GroupMask groups) {
  clear_ips_of_gone();
  std::vector<AttachGroup*> attached;
  const auto undo = [&](const Error& error) {
    for (AttachGroup* attach_group : attached) clear_ip_map(*attach_group);
    return std::unexpected(error);
  };
  std::vector<ProbeSet> sets;
  for (AttachGroup& attach_group : attach_groups_) {
    if (!(attach_group.groups & groups) || !attach_group.links.empty()) continue;
    if (attach_group.going.valid()) attach_group.going.wait();  // or each event would be recorded twice
    attached.push_back(&attach_group);
    if (auto filled = fill_ip_map(attach_group); !filled) return undo(filled.error());
    sets.push_back({attach_group.program, attach_group.points});
  }
  if (!sets.empty()) {
    auto links = attach_sets(mode_, scope_.pid, path_, sets);
    if (!links) return undo(links.error());
    for (std::size_t i = 0; i < attached.size(); ++i) attached[i]->links = std::move((*links)[i]);
  }
  Links unwanted;
  std::vector<AttachGroup*> detached;
  for (AttachGroup& attach_group : attach_groups_) {
    if ((attach_group.groups & groups) || attach_group.links.empty()) continue;
    std::ranges::move(attach_group.links, std::back_inserter(unwanted));
    attach_group.links.clear();
    detached.push_back(&attach_group);
  }
  if (!detached.empty()) {
    const auto going = detacher_.detach(std::move(unwanted));
    for (AttachGroup* attach_group : detached) attach_group->going = going;
  }
  on_ = groups;
  return on_;
}

Status AttachGroups::fill_ip_map(const AttachGroup& attach_group) {
  if (mode_ != AttachMode::kPerfEventIp) return {};
  auto mappings = ExecutableMappings::make(scope_.pid, path_);
  if (!mappings) return std::unexpected(mappings.error());
  for (const AttachPoint& point : attach_group.points) {
    const auto address = mappings->address_of(point.file_offset);
    if (!address) return fail(ErrorKind::kFailed, "a probed instruction of " + path_ + " is not mapped");
    const gt_ip_key key{*address, scope_.tgid, 0};
    if (bpf_map_update_elem(ip_map_fd_, &key, &point.cookie, BPF_ANY) != 0)
      return fail_errno(errno, "recording a probed address");
    ips_[point.file_offset] = *address;
  }
  return {};
}

// A hit of a link that goes is still looked up.
void AttachGroups::clear_ips_of_gone() {
  for (const AttachGroup& attach_group : attach_groups_)
    if (attach_group.links.empty() && gone(attach_group.going)) clear_ip_map(attach_group);
}

void AttachGroups::clear_ip_map(const AttachGroup& attach_group) {
  for (const AttachPoint& point : attach_group.points) {
    const auto found = ips_.find(point.file_offset);
    if (found == ips_.end()) continue;
    const gt_ip_key key{found->second, scope_.tgid, 0};
    bpf_map_delete_elem(ip_map_fd_, &key);
    ips_.erase(found);
  }
}

}  // namespace gorotrace
