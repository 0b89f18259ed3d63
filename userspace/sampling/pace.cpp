#include "sampling/pace.h"

#include <algorithm>
#include <utility>

#include "sampling/instants.h"

namespace gorotrace {
namespace {
constexpr double kSmoothing = 1.0 / 8;
// One look that cost more than so many times what looks cost (the host took the CPU away) is paid for, and
// says little of the next ones: believed, it would slow them down for as long again.
constexpr double kSurprise = 4;
// Fewer than this at a time and what a look costs by itself outweighs them: looks are left out instead.
constexpr std::size_t kFewest = 32;
// Back to all only with room to spare, or the two would alternate.
constexpr double kRoomForAll = 1.25;
// Of what is granted: the rest is for looks that cost more than those before. Without it every other look
// would find that the one before is not paid for.
constexpr double kPlanned = 0.9;
constexpr std::uint64_t kLongestNs = 60'000'000'000;
}  // namespace

double Pace::all_ns(std::size_t total) const {
  const double each = static_cast<double>(total) * among_all_ns_;
  return all_known_ ? each : kLookNs + each;
}

// Where looks are rare, instants that happen to be close are paid by those that are not.
double Pace::saved_at_most() const {
  return std::max(share_ * kSavedNs, 2 * look_ns_);
}

std::size_t Pace::slots(std::size_t total, std::uint64_t now_ns) {
  if (share_ <= 0) return 0;
  const bool first = last_ns_ == 0;
  if (!first && now_ns > last_ns_)
    credit_ns_ = std::min(credit_ns_ + granted(static_cast<double>(now_ns - last_ns_)), saved_at_most());
  last_ns_ = std::max(last_ns_, now_ns);
  if (!first && credit_ns_ <= 0) return 0;
  if (whole_) return total;
  // A few that are chosen cost more than many that lie together.
  const double allowed = std::max(granted(static_cast<double>(kLookPeriodNs)) + credit_ns_ / 8,
                                  static_cast<double>(kFewest) * chosen_ns_);
  looks_at_all_ = static_cast<double>(total) * among_all_ns_ * (looks_at_all_ ? 1 : kRoomForAll) <= allowed ||
                  total <= kFewest;
  if (looks_at_all_) return total;
  return std::clamp(static_cast<std::size_t>(allowed / chosen_ns_), kFewest, total);
}

void Pace::spent(std::size_t slots, bool all, std::uint64_t cpu_ns) {
  credit_ns_ -= static_cast<double>(cpu_ns);
  if (slots == 0) return;
  // The first look reads every stack: it says nothing of those to come.
  if (!std::exchange(looked_, true)) return;
  look_ns_ = static_cast<double>(cpu_ns);
  double& cost = all ? among_all_ns_ : chosen_ns_;
  const auto of = static_cast<double>(slots);
  const bool known = !all || std::exchange(all_known_, true);
  const double expected = known ? std::max(cost, 1.0) : cost + kLookNs / of;
  const double each = std::min(static_cast<double>(cpu_ns) / of, kSurprise * expected);
  cost = known ? cost + kSmoothing * (each - cost) : each;
}

std::uint64_t Pace::period_ns(std::size_t total) const {
  const double rate = granted(kPlanned);
  if (rate <= 0) return kLongestNs;
  const double cost = whole_ || looks_at_all_ ? all_ns(total) : static_cast<double>(kFewest) * chosen_ns_;
  return std::clamp(static_cast<std::uint64_t>(std::min(cost / rate, 1e12)), kLookPeriodNs, kLongestNs);
}

std::uint64_t Pace::paid_at_ns() const {
  if (credit_ns_ > 0 || share_ <= 0) return 0;
  return last_ns_ + static_cast<std::uint64_t>(std::min(-credit_ns_ / granted(1), 1e12));
}

double Pace::wanted(std::size_t total) const {
  constexpr double kSecond = 1e9;
  return (all_ns(total) / (kPlanned * static_cast<double>(kLookPeriodNs)) +
          std::max(0.0, -credit_ns_) / kSecond) /
         kGranted;
}

}  // namespace gorotrace
