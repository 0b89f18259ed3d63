// What is left of a share of one CPU for something that can wait, when other things go first. Pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/timers.h"

namespace gorotrace {

class CpuCredit {
 public:
  // used_ns: CPU time of all together so far. Whether there is some left by now.
  bool left(MonotonicTime now, std::uint64_t used_ns, double share) {
    if (at_) {
      const auto passed = static_cast<double>(std::chrono::nanoseconds(now - *at_).count());
      credit_ns_ += share * passed - static_cast<double>(used_ns - used_ns_);
      credit_ns_ = std::clamp(credit_ns_, -kDebtNs * share, kSavedNs * share);
    }
    at_ = now;
    used_ns_ = used_ns;
    return credit_ns_ >= 0;
  }

 private:
  static constexpr double kSavedNs = 1e9, kDebtNs = 10e9;  // of time
  double credit_ns_ = 0;
  std::optional<MonotonicTime> at_;
  std::uint64_t used_ns_ = 0;
};

}  // namespace gorotrace
