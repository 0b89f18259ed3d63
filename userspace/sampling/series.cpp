#include "sampling/series.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace gorotrace {

double Changes::variance(double gaps, double segments) const {
  if (one <= 0 || gaps <= 0) return 0;
  // How much of a change is still there a gap later: 0 = none (white), 1 = all of it (steps).
  const double pairs = std::max(1.0, gaps - segments);
  const double lasting = std::clamp((two / pairs) / (one / gaps) - 1, 0.0, 1.0);
  // Share of the squared changes that is error. Between its ends (white: all; steps: 1/6, a uniform instant
  // in the gap) simulated over two-state processes of every speed under this design, and never below what was
  // found there: tests/unit/sampling/coverage_test.cpp.
  const double rest = 1 - lasting;
  return one_ns2 * (0.2 + 0.8 * rest * rest * rest * rest * rest);
}

void Series::first_look() {
  last_ = std::exchange(now_, 0);
  last_choice_ = std::exchange(now_choice_, 0);
  before_ = 0;
}

void Series::next_look(double gap_ns, bool second) {
  total_ns_ += gap_ns * (last_ + now_) / 2;
  choice_ns2_ += gap_ns * gap_ns * (last_choice_ + now_choice_) / 2;
  all_.add_one(now_ - last_, gap_ns);
  if (second) all_.add_two(now_ - before_);
  before_ = last_;
  last_ = std::exchange(now_, 0);
  last_choice_ = std::exchange(now_choice_, 0);
}

double Series::standard_error_ns(const Gaps& gaps) const {
  return std::sqrt(std::max(
      {choice_ns2_, all_.variance(gaps.count, gaps.segments), own_.variance(gaps.count, gaps.segments)}));
}

}  // namespace gorotrace
