// The values of options: one line, given to each of them.
#include <bit>

#include "base/text.h"
#include "check.h"
#include "cli/option_values.h"
#include "govern/governor.h"

using namespace gorotrace;

namespace {

GroupMask every_group() {
  GroupMask all = 0;
  for (const auto& [group, name] : kEnumNames<gt_group>) all |= group_bit(group);
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto refused = [](const auto& result) {
    if (result) return false;
    fuzz::check(result.error().kind == ErrorKind::kUsage, "a value that is refused is a usage error");
    fuzz::check_printable(result.error().message, "what was typed is printable in an error");
    return true;
  };
  if (const auto groups = parse_groups(text, group_bit(GT_GROUP_BLOCK)); !refused(groups))
    fuzz::check((*groups & ~every_group()) == 0, "groups are those there are");
  if (const auto bytes = parse_ring_size(text); !refused(bytes))
    fuzz::check(std::has_single_bit(*bytes) && *bytes >= 4096, "a ring's size is a power of two");
  if (const auto share = parse_cpu_share(text); !refused(share))
    fuzz::check(*share >= 0 && *share <= 1, "a share is a share");
  if (const auto duration = parse_duration(text); !refused(duration))
    fuzz::check(duration->count() >= 0, "a duration is not negative");
  (void)refused(Budget::parse(text));
  fuzz::check_printable(refuse_count(text), "what was typed is printable in an error");
  return 0;
}
