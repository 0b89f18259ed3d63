#include "cli/capture_input.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "cli/exit_codes.h"
#include "cli/file_damage_text.h"

namespace gorotrace {
namespace {

void tell_damage(const std::string& file, const FileDamage& damage,
                 std::optional<std::uint64_t> window_ns = {}) {
  if (const std::string lacks = file_damage_text(damage, window_ns); !lacks.empty())
    tell(fmt::format("{}: {}", file, lacks));
}

}  // namespace

Status read_capture(const std::string& file, const std::function<Status(const FileItem&)>& item,
                    const std::function<Status()>& gap) {
  Status behind_gap;
  const auto damage = read_items(
      file, {.item = [&](const FileItem& told) -> Status { return behind_gap ? item(told) : behind_gap; },
             .gap = [&] { behind_gap = gap(); }});
  if (!damage) return std::unexpected(damage.error());
  if (!behind_gap) return behind_gap;
  tell_damage(file, *damage);
  return {};
}

Result<Recording> replay_capture(const std::string& file, const PartWanted& wanted,
                                 const DetailsWanted& details) {
  auto recording = replay(file, wanted, details);
  if (recording) tell_damage(file, recording->damage, recorded_ns(*recording, wanted));
  return recording;
}

Result<std::size_t> choose_process(const std::string& file, pid_t pid, std::span<const pid_t> pids) {
  if (pids.empty()) return fail(ErrorKind::kFailed, fmt::format("{} holds no target", file));
  if (pid == 0) {
    if (pids.size() == 1) return 0;
    return fail(ErrorKind::kUsage,
                fmt::format("{} holds the processes {}: choose one with -p", file, fmt::join(pids, ", ")));
  }
  const auto found = std::ranges::find(pids, pid);
  if (found == pids.end())
    return fail(ErrorKind::kUsage,
                fmt::format("{} does not hold process {}, but {}", file, pid, fmt::join(pids, ", ")));
  return static_cast<std::size_t>(found - pids.begin());
}

Result<RecordedTarget*> choose_target(const std::string& file, pid_t pid, const Recording& recording) {
  std::vector<pid_t> pids;
  for (const auto& target : recording.targets) pids.push_back(target->facts.target.host_pid);
  const auto chosen = choose_process(file, pid, pids);
  if (!chosen) return std::unexpected(chosen.error());
  return recording.targets[*chosen].get();
}

}  // namespace gorotrace
