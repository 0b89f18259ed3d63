// Users as /etc/passwd and /etc/group have them (passwd(5), group(5)), without the C library's name service.
// Threads: any.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "process/user_ids.h"

namespace gorotrace {

// Of the text of a passwd(5) and of a group(5) file: the first user for whom it holds, with the groups that
// have the user as a member. Lines that are none are passed over. Pure.
[[nodiscard]] std::optional<UserIds> user_of_files(
    std::string_view passwd, std::string_view group,
    const std::function<bool(std::string_view name, uid_t uid)>& wanted);

}  // namespace gorotrace
