#include "probe/names.h"

namespace gorotrace {

std::string group_list(GroupMask mask) {
  std::string text;
  for (const auto& [group, name] : kEnumNames<gt_group>) {
    if ((mask & group_bit(group)) != 0) text += (text.empty() ? "" : ",") + std::string(name);
  }
  return text;
}

}  // namespace gorotrace
