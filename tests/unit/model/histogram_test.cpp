#include "model/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>

namespace gorotrace {
namespace {

TEST(Histogram, empty_has_no_quantile) {
  const Histogram h;
  EXPECT_FALSE(h.quantile(0.5));
  EXPECT_TRUE(h.by_powers_of_two().empty());
}

TEST(Histogram, every_quantile_is_within_a_thirty_second_of_the_truth) {
  std::mt19937_64 random(1);
  Histogram h;
  std::vector<std::uint64_t> values;
  for (int i = 0; i < 20000; ++i) {
    values.push_back(random() >> (random() % 60));
    h.add(values.back());
  }
  std::sort(values.begin(), values.end());
  for (int permille = 1; permille <= 1000; ++permille) {
    // Half a rank below the boundary, so that rounding of the product cannot choose the next value.
    const std::size_t rank = values.size() * static_cast<std::size_t>(permille) / 1000;
    const double q = (static_cast<double>(rank) - 0.5) / static_cast<double>(values.size());
    const auto truth = static_cast<double>(values[rank - 1]);
    EXPECT_NEAR(static_cast<double>(*h.quantile(q)), truth, truth / 32 + 1) << permille;
  }
}

TEST(Histogram, extremes_have_a_bucket) {
  Histogram h;
  h.add(std::numeric_limits<std::uint64_t>::max());
  h.add(0);
  EXPECT_EQ(*h.quantile(0.1), 0u);
  EXPECT_EQ(h.max(), std::numeric_limits<std::uint64_t>::max());
  const auto powers = h.by_powers_of_two();
  ASSERT_EQ(powers.size(), 65u);
  EXPECT_EQ(powers.front().upper_ns, 1u);
  EXPECT_EQ(powers.front().count, 1u);
  EXPECT_EQ(powers.back().count, 1u);
}

TEST(Histogram, powers_of_two_keep_the_empty_ones_between) {
  Histogram h;
  h.add(16);
  h.add(31);
  h.add(64);
  const auto powers = h.by_powers_of_two();
  ASSERT_EQ(powers.size(), 3u);
  EXPECT_EQ(powers[0].upper_ns, 32u);
  EXPECT_EQ(powers[0].count, 2u);
  EXPECT_EQ(powers[1].count, 0u);
  EXPECT_EQ(powers[2].upper_ns, 128u);
}

TEST(Histogram, merging_is_adding_all) {
  Histogram a, b, all;
  for (std::uint64_t v : {3u, 1000u, 70u}) a.add(v), all.add(v);
  for (std::uint64_t v : {1u, 900000u}) b.add(v), all.add(v);
  a.merge(b);
  EXPECT_EQ(a.count(), all.count());
  EXPECT_EQ(a.total(), all.total());
  EXPECT_EQ(a.max(), all.max());
  for (double q : {0.1, 0.3, 0.5, 0.7, 0.9}) EXPECT_EQ(a.quantile(q), all.quantile(q));
}

}  // namespace
}  // namespace gorotrace
