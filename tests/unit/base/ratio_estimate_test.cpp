#include "base/ratio_estimate.h"

#include <gtest/gtest.h>

#include <vector>

namespace gorotrace {
namespace {

struct Stretch {
  double x, y;
};

RatioEstimate of(const std::vector<Stretch>& stretches) {
  SquaredSum x, y;
  double products = 0;
  for (const Stretch& s : stretches) {
    x.add(s.x);
    y.add(s.y);
    products += s.x * s.y;
  }
  return estimate_ratio(static_cast<double>(stretches.size()), x, y, products);
}

TEST(RatioEstimate, what_keeps_to_the_other_has_no_error) {
  const RatioEstimate ratio = of({{10, 30}, {20, 60}, {5, 15}});
  EXPECT_DOUBLE_EQ(ratio.each, 3);
  EXPECT_NEAR(ratio.off, 0, 1e-9);
  EXPECT_NEAR(ratio.error, 0, 1e-4);
}

// By hand: y - 2x is 2, -2, 0; the squares' sum is 8, and 8 * 3 / 2 = 12.
TEST(RatioEstimate, what_differs_is_its_error) {
  const RatioEstimate ratio = of({{1, 4}, {2, 2}, {3, 6}});
  EXPECT_DOUBLE_EQ(ratio.each, 2);
  EXPECT_DOUBLE_EQ(ratio.off, 8);
  EXPECT_DOUBLE_EQ(ratio.error * ratio.error, 12);
}

TEST(SquaredSum, what_faded_weighs_less) {
  SquaredSum sum;
  sum.add(4);
  sum.fade(0.5);
  sum.add(3);
  EXPECT_DOUBLE_EQ(sum.sum, 5);
  EXPECT_DOUBLE_EQ(sum.squares, 17);
}

}  // namespace
}  // namespace gorotrace
