#include "process/user_ids.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <string_view>

#include "base/number.h"
#include "base/text.h"

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

template <typename Ask>
std::optional<UserIds> ask(const Ask& ask_for) {
  std::array<char, 16384> buffer;
  passwd entry{};
  passwd* found = nullptr;
  if (ask_for(&entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) return std::nullopt;
  return ids_of(entry);
}

std::optional<UserIds> by_number(uid_t uid) {
  return ask([uid](auto... to) { return ::getpwuid_r(uid, to...); });
}

std::string_view value_of(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

}  // namespace

std::string user_name(uid_t uid) {
  std::array<char, 4096> buffer;
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == 0 && found)
    return printable(found->pw_name);
  return std::to_string(uid);
}

Result<UserIds> user_ids(const std::string& user) {
  auto named = ask([&user](auto... to) { return ::getpwnam_r(user.c_str(), to...); });
  if (named) return *std::move(named);
  if (const auto number = whole_number<uid_t>(user)) {
    if (auto numbered = by_number(*number)) return *std::move(numbered);
  }
  return fail(ErrorKind::kUsage, fmt::format("there is no user \"{}\"", printable(user, 64)));
}

Result<std::optional<UserIds>> sudo_user() {
  if (::geteuid() != 0) return std::nullopt;
  const std::string_view uid_text = value_of("SUDO_UID"), gid_text = value_of("SUDO_GID");
  if (uid_text.empty()) return std::nullopt;
  const auto uid = whole_number<uid_t>(uid_text);
  const auto gid = whole_number<gid_t>(gid_text);
  if (!uid || !gid) {
    return fail(ErrorKind::kUsage,
                fmt::format("SUDO_UID=\"{}\" and SUDO_GID=\"{}\" name no user: give one with -u",
                            printable(uid_text, 64), printable(gid_text, 64)));
  }
  if (*uid == 0) return std::nullopt;
  auto ids = by_number(*uid).value_or(UserIds{.uid = *uid, .gid = *gid, .groups = {*gid}});
  ids.gid = *gid;  // the group that the user had when calling it (newgrp)
  if (std::ranges::find(ids.groups, *gid) == ids.groups.end()) ids.groups.push_back(*gid);
  return ids;
}

std::vector<std::string> environment_of(const UserIds& ids) {
  constexpr std::array<std::string_view, 8> kTheirs{"HOME",     "USER",     "LOGNAME",      "SHELL",
                                                    "SUDO_UID", "SUDO_GID", "SUDO_COMMAND", "SUDO_USER"};
  std::vector<std::string> out;
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (std::ranges::find(kTheirs, text.substr(0, text.find('='))) == kTheirs.end()) out.emplace_back(text);
  }
  if (ids.name.empty()) return out;
  out.push_back("HOME=" + ids.home);
  out.push_back("USER=" + ids.name);
  out.push_back("LOGNAME=" + ids.name);
  out.push_back("SHELL=" + ids.shell);
  return out;
}

}  // namespace gorotrace
