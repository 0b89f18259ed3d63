// Bounds of the runtime's histograms against the rule by which the runtime chooses a bucket
// (runtime/histogram.go record). That they equal metrics.Read's, bit for bit, is held by
// tests/e2e/test_metrics.py.
#include "metrics/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>
#include <random>
#include <vector>

namespace gorotrace {
namespace {

// Index into timeHistogram.counts; nullopt: overflow.
std::optional<std::size_t> bucket_until_1_19(std::uint64_t ns) {
  if (ns < 16) return ns;
  std::size_t super = static_cast<std::size_t>(std::bit_width(ns)) - 4, sub = 0;
  if (super * 16 >= 45 * 16) {
    super = 44;
    sub = 15;
  } else {
    sub = (ns >> (super - 1)) % 16;
  }
  return super * 16 + sub;
}
std::optional<std::size_t> bucket_since_1_20(std::uint64_t ns) {
  const auto length = static_cast<std::size_t>(std::bit_width(ns));
  const std::size_t bit = std::max<std::size_t>(length, 9), bucket = length < 9 ? 0 : length - 9 + 1;
  if (bucket >= 40) return std::nullopt;
  return bucket * 4 + (ns >> (bit - 1 - 2)) % 4;
}

class TimeHistogram : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Versions, TimeHistogram, ::testing::Values(18, 19, 20, 21, 27));

TEST_P(TimeHistogram, ADurationLiesInTheBucketTheRuntimeChooses) {
  const int minor = GetParam();
  const TimeHistogramShape shape = time_histogram_shape(minor);
  std::mt19937_64 random(7);
  for (int i = 0; i < 5000; ++i) {
    const std::uint64_t ns = random() >> (1 + random() % 63);
    const auto bucket = minor < 20 ? bucket_until_1_19(ns) : bucket_since_1_20(ns);
    std::vector<std::uint64_t> words(shape.words());
    words[bucket ? *bucket : shape.counts + 1] = 1;
    const Float64Histogram h = time_histogram(minor, words);
    ASSERT_EQ(h.buckets.size(), h.counts.size() + 1);
    ASSERT_EQ(h.total(), 1u);
    const std::size_t at = h.bucket_of(1);
    const double s = static_cast<double>(ns) / 1e9;
    ASSERT_LE(h.buckets[at], s) << ns;
    // The last bucket of the old layout takes all that is longer.
    ASSERT_LT(s, at + 1 == h.counts.size() ? INFINITY : h.buckets[at + 1]) << ns;
  }
}

TEST_P(TimeHistogram, NegativeDurationsAreBelowZero) {
  const TimeHistogramShape shape = time_histogram_shape(GetParam());
  std::vector<std::uint64_t> words(shape.words());
  words[shape.counts] = 3;
  const Float64Histogram h = time_histogram(GetParam(), words);
  EXPECT_EQ(h.counts[0], 3u);
  EXPECT_EQ(h.buckets[0], -INFINITY);
  EXPECT_EQ(h.buckets[1], 0);
  EXPECT_EQ(h.buckets.back(), INFINITY);
  EXPECT_TRUE(std::ranges::is_sorted(h.buckets));
}

TEST(SizeHistogram, SmallByClassLargeInTheLast) {
  std::array<std::uint64_t, kSizeClasses> small{};
  small[1] = 5;   // 8 bytes
  small[67] = 2;  // 32 KiB
  const Float64Histogram h = size_histogram(small, 9);
  EXPECT_EQ(h.buckets.front(), 1);
  EXPECT_EQ(h.buckets[1], 9);
  EXPECT_EQ(h.counts.front(), 5u);
  EXPECT_EQ(h.counts[66], 2u);
  EXPECT_EQ(h.buckets[67], 32769);
  EXPECT_EQ(h.counts.back(), 9u);
  EXPECT_EQ(h.counts.size(), kSizeClasses);
}

TEST(Histogram, BucketOfAQuantile) {
  const Float64Histogram h{{0, 1, 2, 4, INFINITY}, {50, 49, 1, 0}};
  EXPECT_EQ(h.bucket_of(0.5), 0u);
  EXPECT_EQ(h.bucket_of(0.51), 1u);
  EXPECT_EQ(h.bucket_of(0.99), 1u);
  EXPECT_EQ(h.bucket_of(1), 2u);
  EXPECT_EQ((Float64Histogram{{0, 1}, {0}}.bucket_of(0.5)), 0u);
}

}  // namespace
}  // namespace gorotrace
