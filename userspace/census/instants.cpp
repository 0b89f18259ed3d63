#include "census/instants.h"

#include <algorithm>

namespace gorotrace {

std::uint64_t Instants::next(std::uint64_t now_ns) {
  const std::uint64_t current = now_ns > begin_ns_ ? (now_ns - begin_ns_) / kLookPeriodNs : 0;
  const std::uint64_t cell = std::max(next_cell_, current);
  missed_ += cell - next_cell_;
  next_cell_ = cell + 1;
  return begin_ns_ + cell * kLookPeriodNs + random_() % kLookPeriodNs;
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
