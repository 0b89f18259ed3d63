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
    : LinkSharing(options, Processes{.all_are_seen = in_initial_pid_namespace()}) {}

namespace {

std::pair<dev_t, ino_t> key_of(const FileIdentity& file) {
  return {file.device, file.inode};
}

}  // namespace

std::set<pid_t> LinkSharing::targets_of(const Key& key) const {
  const auto file = files_.find(key);
  std::set<pid_t> targets = file != files_.end() ? file->second.targets : std::set<pid_t>{};
  for (const auto& [pid, expected] : expected_)
    if (key_of(expected) == key) targets.insert(pid);
  return targets;
}

bool LinkSharing::is_target(pid_t pid, const FileIdentity& file) const {
  if (const auto coming = expected_.find(pid);
      coming != expected_.end() && perhaps_same_file(coming->second, file))
    return true;
  return std::ranges::any_of(files_, [&](const auto& known) {
    return known.second.targets.contains(pid) && perhaps_same_file(known.second.identity, file);
  });
}

LinkSharing::Decision LinkSharing::add(pid_t pid, const FileIdentity& identity) {
  const Key key = key_of(identity);
  File& file = files_[key];
  file.identity = identity;
  file.targets.insert(pid);
  if (file.shared) return {.scope = LinkScope::kShared, .joins = true, .notice = ""};
  const std::size_t targets = targets_of(key).size();
  if (targets <= kOwnLinks) return {};
  if (file.refused_with != targets) {
    file.refusal = refusal(pid, identity, targets);
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
  expected_.erase(pid);
}

std::string LinkSharing::refusal(pid_t target, const FileIdentity& file, std::size_t targets) {
  if (options_.others_allowed) return "";
  FileUsers users = processes_.users_of_file(target, file);
  std::erase_if(users.pids, [&](pid_t pid) { return is_target(pid, file); });
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
