#include "process/user_database.h"

#include <grp.h>
#include <pwd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

namespace gorotrace {
namespace {

constexpr std::size_t kMaxGroups = 65536;  // NGROUPS_MAX (linux/limits.h)

std::vector<gid_t> groups_of(const std::string& name, gid_t gid) {
  int count = 64;
  std::vector<gid_t> groups(static_cast<std::size_t>(count));
  while (::getgrouplist(name.c_str(), gid, groups.data(), &count) < 0) {
    if (groups.size() >= kMaxGroups) return {gid};
    // Some name services do not say how many there are.
    groups.resize(std::max<std::size_t>(static_cast<std::size_t>(count), 2 * groups.size()));
    count = static_cast<int>(groups.size());
  }
  groups.resize(static_cast<std::size_t>(count));
  return groups;
}

UserIds ids_of(const passwd& entry) {
  return {.uid = entry.pw_uid,
          .gid = entry.pw_gid,
          .groups = groups_of(entry.pw_name, entry.pw_gid),
          .name = entry.pw_name,
          .home = entry.pw_dir,
          .shell = entry.pw_shell};
}

template <typename Ask, typename Made>
auto ask(const Ask& ask_for, const Made& made) -> std::optional<decltype(made(passwd{}))> {
  std::array<char, 16384> buffer;
  passwd entry{};
  passwd* found = nullptr;
  if (ask_for(&entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) return std::nullopt;
  return made(entry);
}

}  // namespace

std::optional<UserIds> user_named(const std::string& name) {
  return ask([&name](auto... to) { return ::getpwnam_r(name.c_str(), to...); }, ids_of);
}

std::optional<UserIds> user_numbered(uid_t uid) {
  return ask([uid](auto... to) { return ::getpwuid_r(uid, to...); }, ids_of);
}

std::optional<std::string> name_of_user(uid_t uid) {
  return ask([uid](auto... to) { return ::getpwuid_r(uid, to...); },
             [](const passwd& entry) { return std::string(entry.pw_name); });
}

}  // namespace gorotrace
