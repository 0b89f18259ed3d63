#include "recording/part_of_window.h"

#include <algorithm>

namespace gorotrace {

Moment moment_of(const Models::Of& of, std::uint64_t at_ns, const Came& came) {
  const std::uint64_t at = std::min(at_ns, of.end_ns);
  return {at, of.tables(at), of.counters, of.cost, came};
}

std::optional<std::uint64_t> PartOfWindow::next() const {
  if (!first_ns_) return std::nullopt;
  for (std::size_t i = 0; i < wanted_.size(); ++i) {
    if (wanted_[i] && !moments_[i]) return *first_ns_ + *wanted_[i];
  }
  return std::nullopt;
}

void PartOfWindow::take(const Models::Of& of, const Came& came) {
  for (std::size_t i = 0; i < wanted_.size(); ++i) {
    if (!wanted_[i] || moments_[i]) continue;
    moments_[i] = moment_of(of, *first_ns_ + *wanted_[i], came);
    return;
  }
}

}  // namespace gorotrace
