// How many y there are for each x, of what was counted of both in n stretches, and by how much the stretches
// differ (W. G. Cochran, Sampling Techniques, 6.4). Pure.
#pragma once

#include <algorithm>
#include <cmath>

namespace gorotrace {

// Of one quantity over stretches.
struct SquaredSum {
  double sum = 0, squares = 0;
  void add(double value) {
    sum += value;
    squares += value * value;
  }
  // What was added so far weighs less from now on.
  void fade(double factor) {
    sum *= factor;
    squares *= factor;
  }
};

struct RatioEstimate {
  double each;   // y for each x
  double off;    // sum of the squares by which y differs from each * x
  double error;  // standard error of y's sum, given x's
};

// products: sum of x * y. n > 1, x.sum > 0.
[[nodiscard]] inline RatioEstimate estimate_ratio(double n, const SquaredSum& x, const SquaredSum& y,
                                                  double products) {
  const double each = y.sum / x.sum;
  const double off = std::max(0.0, y.squares - 2 * each * products + each * each * x.squares);
  return {each, off, std::sqrt(off * n / (n - 1))};
}

}  // namespace gorotrace
