#include "census/pace.h"

#include <algorithm>
#include <utility>

#include "census/instants.h"

namespace gorotrace {
namespace {
constexpr double kSmoothing = 1.0 / 8;
// Fewer than this at a time and what a look costs by itself outweighs them: looks are left out instead.
constexpr std::size_t kFewest = 32;
// Back to all only with room to spare, or the two would alternate.
constexpr double kRoomForAll = 1.25;
}  // namespace

std::size_t Pace::slots(std::size_t total, std::uint64_t now_ns) {
  if (share_ <= 0) return 0;
  const bool first = last_ns_ == 0;
  if (!first && now_ns > last_ns_)
    credit_ns_ = std::min(credit_ns_ + granted(static_cast<double>(now_ns - last_ns_)), share_ * kSavedNs);
  last_ns_ = std::max(last_ns_, now_ns);
  if (!first && credit_ns_ <= 0) return 0;
  if (whole_) return total;
  const double allowed = granted(static_cast<double>(kLookPeriodNs)) + credit_ns_ / 8;
  const double all = static_cast<double>(total) * among_all_ns_;
  looks_at_all_ = all * (looks_at_all_ ? 1 : kRoomForAll) <= allowed || total <= kFewest;
  if (looks_at_all_) return total;
  return std::clamp(static_cast<std::size_t>(allowed / chosen_ns_), kFewest, total);
}

void Pace::spent(std::size_t slots, bool all, std::uint64_t cpu_ns) {
  credit_ns_ -= static_cast<double>(cpu_ns);
  if (slots == 0) return;
  // The first look reads every stack: it says nothing of those to come.
  if (!std::exchange(looked_, true)) return;
  double& cost = all ? among_all_ns_ : chosen_ns_;
  cost += kSmoothing * (static_cast<double>(cpu_ns) / static_cast<double>(slots) - cost);
}

}  // namespace gorotrace
