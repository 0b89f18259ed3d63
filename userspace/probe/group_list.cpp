#include "probe/group_list.h"

#include <fmt/format.h>

#include <string_view>

#include "base/text.h"

namespace gorotrace {
namespace {

bool is_change(std::string_view name) {
  return name.starts_with('+') || name.starts_with('-');
}

Result<gt_group> group_named(std::string_view name) {
  if (const auto group = value_named<gt_group>(name)) return *group;
  return fail(ErrorKind::kUsage,
              fmt::format("\"{}\" is not a probe group; choose from {} or none, or change the default "
                          "by +GROUP and -GROUP",
                          printable(name, 64), all_names<gt_group>(",")));
}

}  // namespace

Result<GroupMask> parse_groups(const std::string& text, GroupMask otherwise) {
  if (text == "none") return GroupMask{0};
  const bool changes = is_change(text);
  GroupMask mask = changes ? otherwise : 0;
  std::string_view rest = text;
  while (true) {
    const std::size_t comma = rest.find(',');
    const std::string_view word = rest.substr(0, comma);
    if (is_change(word) != changes)
      return fail(ErrorKind::kUsage, fmt::format("\"{}\" both names groups and changes the default; give a "
                                                 "list of groups, or +GROUP and -GROUP alone",
                                                 printable(text, 64)));
    const auto group = group_named(changes ? word.substr(1) : word);
    if (!group) return std::unexpected(group.error());
    if (word.starts_with('-')) {
      mask &= ~group_bit(*group);
    } else {
      mask |= group_bit(*group);
    }
    if (comma == std::string_view::npos) return mask;
    rest.remove_prefix(comma + 1);
  }
}

}  // namespace gorotrace
