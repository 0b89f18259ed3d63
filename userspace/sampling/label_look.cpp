#include "sampling/label_look.h"

#include <algorithm>

namespace gorotrace {

LabelId LabelLook::of(const GoroutineSnapshot& g) {
  if (g.labels == 0) return kLabelNone;
  if (const auto known = known_.find(g.labels); known != known_.end()) return known->second;
  const LabelId label = read(g.labels);
  if (!still_has_them(g)) return kLabelNotRead;  // another goroutine may have them still
  known_.emplace(g.labels, label);
  return label;
}

LabelId LabelLook::read(std::uint64_t labels) {
  const auto set = reader_.read(labels);
  if (!set) return kLabelNotRead;
  const auto found = std::ranges::find(*set, subject_.key, &Labels::value_type::first);
  return found != set->end() ? values_.id(found->second) : kLabelNone;
}

bool LabelLook::still_has_them(const GoroutineSnapshot& g) const {
  const RuntimeOffsets& o = subject_.layout.offsets;
  return memory_.value<std::uint64_t>(g.g + o.g_labels) == g.labels &&
         memory_.value<std::uint64_t>(g.g + o.g_goid) == g.goid;
}

}  // namespace gorotrace
