// How many goroutines the next look may take, so that the census keeps to its share of one CPU. Pure.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gorotrace {

class Pace {
 public:
  // Looks of up to a second's share beforehand: the first ones read every stack. whole: every look is at all,
  // and where that is dear there are fewer of them.
  explicit Pace(double share, bool whole = false)
      : share_(share), credit_ns_(share * kSaved), whole_(whole) {}
  void set_share(double share) { share_ = share; }

  // Slots of `total` to look at now: all of them when that is affordable, 0 when no look is.
  [[nodiscard]] std::size_t slots(std::size_t total, std::uint64_t now_ns);
  // The last look, of `slots`, and all that went with it took that much CPU time.
  void spent(std::size_t slots, bool all, std::uint64_t cpu_ns);

 private:
  static constexpr double kSaved = 1e9;  // what is left over is kept for bursts: a second's share
  double share_, credit_ns_;
  bool whole_;
  std::uint64_t last_ns_ = 0;
  // Cost of one goroutine among all (its neighbours come along), and of one chosen at random.
  double among_all_ns_ = 300, chosen_ns_ = 2500;
  bool looks_at_all_ = true;
};

}  // namespace gorotrace
