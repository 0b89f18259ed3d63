// Users by name and by number. A build has one of two: user_database.cpp asks the C library, and so whatever
// /etc/nsswitch.conf names (LDAP, systemd's users); user_database_static.cpp reads files alone, for a static
// program cannot load the libraries of the others. Threads: any.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "process/user_ids.h"

namespace gorotrace {

// nullopt: there is none.
[[nodiscard]] std::optional<UserIds> user_named(const std::string& name);
[[nodiscard]] std::optional<UserIds> user_numbered(uid_t uid);
// Without the groups, which take longer; as it stands there.
[[nodiscard]] std::optional<std::string> name_of_user(uid_t uid);

}  // namespace gorotrace
