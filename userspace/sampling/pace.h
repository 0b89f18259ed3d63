// How many goroutines the next look may take, and how far apart looks are, so that a sampler keeps to its
// share of one CPU. Pure.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gorotrace {

class Pace {
 public:
  // whole: every look is at all, and where that is dear there are fewer of them.
  explicit Pace(double share, bool whole = false) : share_(share), whole_(whole) {}
  void set_share(double share) { share_ = share; }

  // Slots of `total` to look at now: all of them when that is affordable, 0 when no look is.
  [[nodiscard]] std::size_t slots(std::size_t total, std::uint64_t now_ns);
  // The last look, of `slots`, and all that went with it took that much CPU time.
  void spent(std::size_t slots, bool all, std::uint64_t cpu_ns);

  // So far apart can the share pay for looks at as many of `total` as slots() gives, each time.
  [[nodiscard]] std::uint64_t period_ns(std::size_t total) const;
  // No look before is paid for, at the present share; 0: none is owed.
  [[nodiscard]] std::uint64_t paid_at_ns() const;
  // The share that a look at all of `total` each kLookPeriodNs would take, and what is not paid for yet, in a
  // second.
  [[nodiscard]] double wanted(std::size_t total) const;

 private:
  // A look is paid for before the next one, the first one too, and little is kept for bursts: so no second
  // takes more than the share, but by what one look took longer than looks before it.
  static constexpr double kGranted = 0.95,
                          kSavedNs = 50e6;  // 0.95 s of the share a second, 0.05 s of it kept
  [[nodiscard]] double granted(double ns) const { return share_ * kGranted * ns; }
  [[nodiscard]] double all_ns(std::size_t total) const;  // expected cost of a look at all
  [[nodiscard]] double saved_at_most() const;

  double share_, credit_ns_ = 0;
  bool whole_;
  std::uint64_t last_ns_ = 0;
  // Cost of one goroutine among all (its neighbours come along), and of one chosen at random; what a look
  // costs by itself is in there. Before the first was paid it is taken to be kLookNs.
  static constexpr double kLookNs = 15'000;
  double among_all_ns_ = 300, chosen_ns_ = 2500;
  double look_ns_ = 0;  // the last look
  bool looks_at_all_ = true, looked_ = false, all_known_ = false;
};

}  // namespace gorotrace
