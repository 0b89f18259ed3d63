#include "capture/probe_units.h"

#include <algorithm>
#include <bit>
#include <cerrno>

#include "capture/detach.h"
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

}  // namespace

ProbeUnits::ProbeUnits(const gorotrace_bpf& skeleton, AttachMode mode, const ProbeScope& scope,
                       std::string path, Plan plan)
    : ip_map_fd_(bpf_map__fd(skeleton.maps.sites_by_ip)),
      mode_(mode),
      scope_(scope),
      path_(std::move(path)),
      plan_(std::move(plan)) {
  for (std::size_t i = 0; i < plan_.sites.size(); ++i) {
    const Site& site = plan_.sites[i];
    const bpf_program* program = program_of(skeleton, site.hook);
    if (program == nullptr) continue;
    auto unit = std::ranges::find_if(
        units_, [&](const Unit& u) { return u.program == program && u.groups == site.groups; });
    if (unit == units_.end()) unit = units_.insert(units_.end(), Unit{program, site.groups, {}, {}});
    unit->points.push_back({site.file_offset, cookie_of(scope_.cookie, i, site)});
  }
}

ProbeUnits::~ProbeUnits() {
  detach_links(take_links());
  for (const Unit& unit : units_) clear_ip_map(unit);
}

Links ProbeUnits::take_links() {
  Links links;
  for (Unit& unit : units_) {
    std::ranges::move(unit.links, std::back_inserter(links));
    unit.links.clear();
  }
  on_ = 0;
  return links;
}

Result<GroupMask> ProbeUnits::set_groups(GroupMask groups) {
  std::vector<Unit*> attached;
  const auto undo = [&](const Error& error) {
    for (Unit* unit : attached) clear_ip_map(*unit);
    return std::unexpected(error);
  };
  std::vector<ProbeSet> sets;
  for (Unit& unit : units_) {
    if (!(unit.groups & groups) || !unit.links.empty()) continue;
    attached.push_back(&unit);
    if (auto filled = fill_ip_map(unit); !filled) return undo(filled.error());
    sets.push_back({unit.program, unit.points});
  }
  if (!sets.empty()) {
    auto links = attach_sets(mode_, scope_.pid, path_, sets);
    if (!links) return undo(links.error());
    for (std::size_t i = 0; i < attached.size(); ++i) attached[i]->links = std::move((*links)[i]);
  }
  Links unwanted;
  for (Unit& unit : units_) {
    if ((unit.groups & groups) || unit.links.empty()) continue;
    std::ranges::move(unit.links, std::back_inserter(unwanted));
    unit.links.clear();
  }
  detach_links(std::move(unwanted));
  for (const Unit& unit : units_)
    if (unit.links.empty()) clear_ip_map(unit);
  on_ = groups;
  return on_;
}

Status ProbeUnits::fill_ip_map(const Unit& unit) {
  if (mode_ != AttachMode::kPerfEventIp) return {};
  auto mappings = ExecutableMappings::make(scope_.pid, path_);
  if (!mappings) return std::unexpected(mappings.error());
  for (const AttachPoint& point : unit.points) {
    const auto address = mappings->address_of(point.file_offset);
    if (!address) return fail(ErrorKind::kFailed, "a probed instruction of " + path_ + " is not mapped");
    const gt_ip_key key{*address, scope_.tgid, 0};
    if (bpf_map_update_elem(ip_map_fd_, &key, &point.cookie, BPF_ANY) != 0)
      return fail_errno(errno, "recording a probed address");
    ips_[point.file_offset] = *address;
  }
  return {};
}

void ProbeUnits::clear_ip_map(const Unit& unit) {
  for (const AttachPoint& point : unit.points) {
    const auto found = ips_.find(point.file_offset);
    if (found == ips_.end()) continue;
    const gt_ip_key key{found->second, scope_.tgid, 0};
    bpf_map_delete_elem(ip_map_fd_, &key);
    ips_.erase(found);
  }
}

}  // namespace gorotrace
