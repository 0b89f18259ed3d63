#include "capture/leftovers.h"

#include <vector>

#include "capture/attach.h"
#include "capture/detach.h"
#include "capture/selftest.h"

namespace gorotrace {

Status remove_leftovers(AttachMode mode, pid_t pid, const std::string& path, const Plan& plan) {
  const auto skeleton = load_selftest(mode);
  if (!skeleton) return std::unexpected(skeleton.error());
  std::vector<AttachPoint> points;
  for (const Site& site : plan.sites) points.push_back({site.file_offset, 0});
  auto links = attach_points((*skeleton)->progs.gt_empty, mode, pid, path, points);
  if (!links) return std::unexpected(links.error());
  detach_links(std::move(*links));
  return {};
}

}  // namespace gorotrace
