#include "http/capture_slot.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace gorotrace {

bool CaptureSlot::Held::attach(Clock::time_point until) {
  const std::lock_guard lock(mutex_);
  if (lost_) return false;
  attached_ = true;
  until_ = until;
  return true;
}

bool CaptureSlot::Held::take_away(Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  if (attached_ || (now - since_ < kToAttach && !unwanted_.stop_requested())) return false;
  lost_ = true;
  return true;
}

std::variant<std::shared_ptr<CaptureSlot::Held>, SlotTaken> CaptureSlot::take(const std::string& target,
                                                                              Clock::time_point now,
                                                                              std::stop_token unwanted) {
  const std::lock_guard lock(mutex_);
  std::erase_if(left_, [](const auto& one) { return one.expired(); });
  if (left_.size() >= kMostHeldUp)
    return SlotTaken{fmt::format("{} captures are held up by processes that do not let their memory be read",
                                 left_.size()),
                     std::chrono::seconds(10)};
  if (const std::shared_ptr<Held> other = held_.lock()) {
    if (!other->take_away(now)) {
      const std::lock_guard of_other(other->mutex_);
      const auto left = other->attached_ ? std::chrono::ceil<std::chrono::seconds>(other->until_ - now)
                                         : std::chrono::seconds(1);
      return SlotTaken{fmt::format("a capture of {} goes on, and a node has one at a time", other->target_),
                       std::max(left + std::chrono::seconds(1), std::chrono::seconds(1))};
    }
    left_.push_back(other);
  }
  std::shared_ptr<Held> mine(new Held(target, now, std::move(unwanted)));
  held_ = mine;
  return mine;
}

bool CaptureSlot::taken() const {
  const std::lock_guard lock(mutex_);
  return !held_.expired();
}

}  // namespace gorotrace
