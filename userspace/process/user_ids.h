// Whose ids a program that we start has. Threads: one owner (getgrouplist(3) asks the name service).
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace gorotrace {

struct UserIds {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;  // all of them, as initgroups(3) sets them
  std::string name = {}, home = {},
              shell = {};  // as the user database has them; "" of a number that it has not
};

// A name, or a number. kUsage: there is none.
[[nodiscard]] Result<UserIds> user_ids(const std::string& user);

// As the user database has it, printable; the number of one that it has not.
[[nodiscard]] std::string user_name(uid_t uid);

// Who called sudo(8), as it says in SUDO_UID and SUDO_GID; nullopt: nobody did, it was root, or we are not
// root ourselves.
[[nodiscard]] Result<std::optional<UserIds>> sudo_user();

// This process's environment as that user would have it: HOME, USER, LOGNAME and SHELL are the user's,
// nothing is left of sudo's own.
[[nodiscard]] std::vector<std::string> environment_of(const UserIds& ids);

}  // namespace gorotrace
