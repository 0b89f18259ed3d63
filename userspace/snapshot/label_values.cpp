#include "snapshot/label_values.h"

#include <utility>

namespace gorotrace {

LabelId LabelValues::id(std::string_view value) {
  const LabelId id = hash_(value) | (LabelId{1} << 63);  // none of the small ones
  if (known_.contains(id)) return id;
  if (known_.size() >= kMax) return kLabelOther;
  known_.insert(id);
  new_.push_back({id, std::string(value)});
  return id;
}

std::vector<LabelValue> LabelValues::take_new() {
  return std::exchange(new_, {});
}

}  // namespace gorotrace
