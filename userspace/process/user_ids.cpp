#include "process/user_ids.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

#include "base/number.h"
#include "base/text.h"
#include "process/user_database.h"

namespace gorotrace {
namespace {

std::string_view value_of(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

}  // namespace

std::string user_name(uid_t uid) {
  const auto name = name_of_user(uid);
  return name ? printable(*name) : std::to_string(uid);
}

Result<UserIds> user_ids(const std::string& user) {
  if (auto named = user_named(user)) return *std::move(named);
  if (const auto number = whole_number<uid_t>(user)) {
    if (auto numbered = user_numbered(*number)) return *std::move(numbered);
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
  auto ids = user_numbered(*uid).value_or(UserIds{.uid = *uid, .gid = *gid, .groups = {*gid}});
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
