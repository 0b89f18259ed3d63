#include "export/capture_formats.h"

#include <fmt/format.h>

#include "export/folded_waits.h"
#include "export/goroutine_profiles.h"
#include "export/wait_profiles.h"

namespace gorotrace {

GroupMask groups_needed(CaptureFormat format) {
  switch (format) {
    case CaptureFormat::kPprofCreation:
      return group_bit(GT_GROUP_LIFECYCLE);
    case CaptureFormat::kPprofGoroutine:
      return group_bit(GT_GROUP_LIFECYCLE) | group_bit(GT_GROUP_BLOCK);
    default:
      return group_bit(GT_GROUP_BLOCK);
  }
}

DetailsWanted details_needed(CaptureFormat format) {
  return {.chains = format == CaptureFormat::kPprofMutex || format == CaptureFormat::kFoldedOffwake,
          .open = format == CaptureFormat::kPprofBlock || format == CaptureFormat::kPprofGoroutine};
}

Status check_groups(CaptureFormat format, const RecordedTarget& target) {
  GroupMask had = target.facts.requested;
  for (unsigned g = 0; g < GT_GROUP_COUNT; ++g) {
    if (!target.tables.covered[g].empty()) had |= group_bit(static_cast<gt_group>(g));
  }
  const GroupMask lacks = groups_needed(format) & ~had;
  if (lacks == 0) return {};
  return fail(
      ErrorKind::kUnsupported,
      fmt::format("{} needs the groups {}, and {} was recorded without {}: gorotrace record -p {} "
                  "--probes {} -o FILE records them",
                  name_of(format), group_list(groups_needed(format)), target.facts.target.program(),
                  group_list(lacks), target.facts.target.host_pid, group_list(groups_needed(format) | had)));
}

Status write_capture(CaptureFormat format, RecordedTarget& target, const ProfileTime& time,
                     const TextSink& sink) {
  const auto profile = [&]() -> Result<std::string> {
    switch (format) {
      case CaptureFormat::kPprofBlock:
        return block_profile(target, time);
      case CaptureFormat::kPprofMutex:
        return mutex_profile(target, time);
      case CaptureFormat::kPprofGoroutine:
        return goroutine_profile(target, time);
      case CaptureFormat::kPprofCreation:
        return creation_profile(target, time);
      case CaptureFormat::kFolded:
        folded_waits(target, sink);
        return "";
      case CaptureFormat::kFoldedOffwake:
        folded_offwake(target, sink);
        return "";
    }
    return "";
  };
  const auto written = profile();
  if (!written) return std::unexpected(written.error());
  sink(*written);
  return {};
}

}  // namespace gorotrace
