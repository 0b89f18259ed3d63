// Who made whom wait: the waits that ended, by where they blocked and by who ended them, and who had ended
// the last wait of that one, up to three steps back. Exact while the table has room; what does not fit is
// counted. Pure, one owner.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>

#include "base/seeded_hash.h"
#include "model/model.h"

namespace gorotrace {

// The nearest waker first. A chain ends early where nobody is known: at the runtime, at a goroutine whose own
// last wait nobody saw end.
struct WakerChain {
  static constexpr std::size_t kSteps = 3;
  std::array<Waker, kSteps> wakers{};
  std::uint8_t steps = 0;
  auto operator<=>(const WakerChain&) const = default;
};

struct WaitChain {
  std::uint64_t stack = 0;  // where they blocked
  std::uint8_t reason = 0;
  bool system = false;
  WakerChain chain;
  auto operator<=>(const WaitChain&) const = default;
};

class WaitChains {
 public:
  static constexpr std::size_t kMaxRows = 1u << 16, kMaxGoroutines = 1u << 20;
  struct Sum {
    std::uint64_t count = 0, total_ns = 0;  // from park to wake-up
  };

  // In the order in which they ended. System calls are left out: nobody ends them.
  void add(const Wait& wait);
  [[nodiscard]] const std::map<WaitChain, Sum>& rows() const { return rows_; }
  // The stacks that rows name, some more than once.
  template <typename Visit>
  void each_stack(const Visit& visit) const {
    const auto named = [&visit](std::uint64_t stack) {
      if (stack != 0) visit(stack);
    };
    for (const auto& [row, sum] : rows_) {
      named(row.stack);
      for (std::size_t i = 0; i < row.chain.steps; ++i) named(row.chain.wakers[i].stack);
    }
  }
  // Waits that had no row any more.
  [[nodiscard]] std::uint64_t left_out() const { return left_out_; }

 private:
  [[nodiscard]] WakerChain chain_of(const Wait& wait) const;

  std::map<WaitChain, Sum> rows_;
  SeededMap<std::uint64_t, WakerChain> last_;  // who ended a goroutine's last wait, by goid
  std::uint64_t left_out_ = 0;
};

}  // namespace gorotrace
