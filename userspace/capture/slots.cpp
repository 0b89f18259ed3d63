#include "capture/slots.h"

namespace gorotrace {

Slots::Slots(std::uint16_t count) : generations_(count) {
  for (std::uint16_t slot = 0; slot < count; ++slot) free_.push_back({slot, 0});
}

std::optional<TargetId> Slots::take(std::uint64_t passes) {
  if (free_.empty() || free_.front().from_pass > passes) return std::nullopt;
  const std::uint16_t slot = free_.front().slot;
  free_.pop_front();
  return target_id(slot, generations_[slot]++);
}

void Slots::give_back(TargetId id, std::uint64_t passes) {
  // One pass may be under way: it was past some rings already. The next one begins behind this.
  constexpr std::uint64_t kPasses = 2;
  free_.push_back({slot_of(id), passes + kPasses});
}

}  // namespace gorotrace
