#include "process/user_files.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include "base/number.h"

namespace gorotrace {
namespace {

// What stands up to the separator; the rest stays in `text`.
std::string_view next_part(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

// False: the line has another number of fields.
template <std::size_t N>
bool split_fields(std::string_view line, std::array<std::string_view, N>& fields) {
  if (std::ranges::count(line, ':') != N - 1) return false;
  for (std::string_view& field : fields) field = next_part(line, ':');
  return !fields[0].empty();
}

std::vector<gid_t> groups_with(std::string_view group, std::string_view user, gid_t own) {
  std::vector<gid_t> out{own};
  std::array<std::string_view, 4> fields;  // name, password, gid, members
  while (!group.empty()) {
    if (!split_fields(next_part(group, '\n'), fields)) continue;
    const auto gid = whole_number<gid_t>(fields[2]);
    if (!gid || std::ranges::find(out, *gid) != out.end()) continue;
    while (!fields[3].empty()) {
      if (next_part(fields[3], ',') != user) continue;
      out.push_back(*gid);
      break;
    }
  }
  return out;
}

}  // namespace

std::optional<UserIds> user_of_files(std::string_view passwd, std::string_view group,
                                     const std::function<bool(std::string_view, uid_t)>& wanted) {
  std::array<std::string_view, 7> fields;  // name, password, uid, gid, comment, home, shell
  while (!passwd.empty()) {
    if (!split_fields(next_part(passwd, '\n'), fields)) continue;
    const auto uid = whole_number<uid_t>(fields[2]);
    const auto gid = whole_number<gid_t>(fields[3]);
    if (!uid || !gid || !wanted(fields[0], *uid)) continue;
    return UserIds{.uid = *uid,
                   .gid = *gid,
                   .groups = groups_with(group, fields[0], *gid),
                   .name = std::string(fields[0]),
                   .home = std::string(fields[5]),
                   .shell = std::string(fields[6])};
  }
  return std::nullopt;
}

}  // namespace gorotrace
