#include <fstream>
#include <iterator>

#include "process/user_database.h"
#include "process/user_files.h"

namespace gorotrace {
namespace {

// "" where there is none: a container may have no users.
std::string text_of(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::optional<UserIds> user_where(const std::function<bool(std::string_view, uid_t)>& wanted) {
  return user_of_files(text_of("/etc/passwd"), text_of("/etc/group"), wanted);
}

}  // namespace

std::optional<UserIds> user_named(const std::string& name) {
  return user_where([&](std::string_view its, uid_t) { return its == name; });
}

std::optional<UserIds> user_numbered(uid_t uid) {
  return user_where([&](std::string_view, uid_t its) { return its == uid; });
}

std::optional<std::string> name_of_user(uid_t uid) {
  const auto user =
      user_of_files(text_of("/etc/passwd"), "", [&](std::string_view, uid_t its) { return its == uid; });
  return user ? std::optional(user->name) : std::nullopt;
}

}  // namespace gorotrace
