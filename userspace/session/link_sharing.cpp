#include "session/link_sharing.h"

#include <fmt/format.h>

#include <algorithm>

#include "capture/initial_pid.h"

namespace gorotrace {
namespace {

constexpr std::size_t kNamed = 5;  // processes in a notice

std::string some_of(const std::vector<pid_t>& pids) {
  std::string text;
  for (std::size_t i = 0; i < std::min(pids.size(), kNamed); ++i)
    text += fmt::format("{}{}", i == 0 ? "" : ", ", pids[i]);
  return pids.size() > kNamed ? text + ", ..." : text;
}

}  // namespace

LinkSharing::LinkSharing(Options options)
    : LinkSharing(std::move(options), Processes{.all_are_seen = in_initial_pid_namespace()}) {}

std::set<pid_t> LinkSharing::targets_of(const Key& key) {
  if (!to_come_) {
    to_come_.emplace();
    for (const pid_t pid : options_.targets)
      if (const auto file = processes_.file_of(pid)) (*to_come_)[{file->device, file->inode}].insert(pid);
  }
  std::set<pid_t> targets = files_[key].targets;
  if (const auto coming = to_come_->find(key); coming != to_come_->end())
    targets.insert(coming->second.begin(), coming->second.end());
  return targets;
}

LinkSharing::Decision LinkSharing::add(pid_t pid) {
  const auto identity = processes_.file_of(pid);
  if (!identity) return {};  // what comes next finds that it is gone
  const Key key{identity->device, identity->inode};
  File& file = files_[key];
  file.targets.insert(pid);
  if (file.shared) return {.scope = LinkScope::kShared, .joins = true, .notice = ""};
  const std::size_t targets = targets_of(key).size();
  if (targets <= kOwnLinks) return {};
  if (file.refused_with != targets) {
    file.refusal = refusal(pid, targets);
    file.refused_with = targets;
  }
  file.shared = file.refusal.empty();
  return {
      .scope = file.shared ? LinkScope::kShared : LinkScope::kOwn, .joins = false, .notice = file.refusal};
}

void LinkSharing::remove(pid_t pid) {
  for (auto file = files_.begin(); file != files_.end();) {
    if (file->second.targets.erase(pid) != 0) file->second.refused_with = 0;
    file = file->second.targets.empty() ? files_.erase(file) : std::next(file);
  }
  if (!to_come_) return;
  for (auto& [key, pids] : *to_come_) pids.erase(pid);
}

std::string LinkSharing::refusal(pid_t target, std::size_t targets) {
  if (options_.others_allowed) return "";
  FileUsers users = processes_.users_of_file_of(target);
  std::erase_if(users.pids, [this](pid_t pid) {
    return std::ranges::find(options_.targets, pid) != options_.targets.end() ||
           std::ranges::any_of(files_, [pid](const auto& file) { return file.second.targets.contains(pid); });
  });
  std::string others;
  if (!users.pids.empty()) {
    others = fmt::format("{} other process{} of the file ({}) would run into them, too", users.pids.size(),
                         users.pids.size() == 1 ? "" : "es", some_of(users.pids));
  } else if (!users.unknown.empty()) {
    others = fmt::format("others may run into them, too: what process {} runs may not be asked",
                         some_of(users.unknown));
  } else if (!processes_.all_are_seen) {
    others = "others may run into them, too: processes outside of our PID namespace are not seen";
  }
  if (others.empty()) return "";
  return fmt::format(
      "{} targets run the same file, each with probes of its own: every one of them makes the others' events "
      "dearer. Probes that they share would not, but {}. --share-probes allows it",
      targets, others);
}

}  // namespace gorotrace
