#include "sampling/instants.h"

#include <algorithm>

namespace gorotrace {

std::uint64_t Instants::next(std::uint64_t now_ns, std::uint64_t length_ns) {
  // Cells that went by while nobody could look.
  if (now_ns > end_ns_) end_ns_ += (now_ns - end_ns_) / length_ns_ * length_ns_;
  const std::uint64_t at = end_ns_ + random_() % length_ns_;
  end_ns_ += length_ns_;
  length_ns_ = std::max(length_ns, kLookPeriodNs);
  return at;
}

void choose_slots(std::size_t total, std::size_t wanted, std::mt19937_64& random, std::vector<Choice>& out) {
  out.clear();
  const std::size_t strata = std::min(wanted, total);
  std::size_t from = 0;
  for (std::size_t i = 1; i <= strata; ++i) {
    const std::size_t to = i * total / strata;
    out.push_back(
        {static_cast<std::uint32_t>(from + random() % (to - from)), static_cast<std::uint32_t>(to - from)});
    from = to;
  }
}

}  // namespace gorotrace
