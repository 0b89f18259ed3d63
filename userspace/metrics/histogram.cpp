#include "metrics/histogram.h"

#include <limits>

namespace gorotrace {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double seconds(std::uint64_t ns) {
  return static_cast<double>(ns) / 1e9;
}

}  // namespace

std::uint64_t Float64Histogram::total() const {
  std::uint64_t sum = 0;
  for (const std::uint64_t n : counts) sum += n;
  return sum;
}

std::size_t Float64Histogram::bucket_of(double q) const {
  const double wanted = q * static_cast<double>(total());
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    seen += counts[i];
    if (static_cast<double>(seen) >= wanted) return i;
  }
  return counts.empty() ? 0 : counts.size() - 1;
}

// runtime/histogram.go, 1.18 and 1.19: timeHistSubBucketBits 4, timeHistNumSuperBuckets 45; since 1.20:
// timeHistSubBucketBits 2, timeHistMinBucketBits 9, timeHistMaxBucketBits 48.
TimeHistogramShape time_histogram_shape(int minor) {
  return minor < 20 ? TimeHistogramShape{45 * 16, false} : TimeHistogramShape{(48 - 9 + 1) * 4, true};
}

Float64Histogram time_histogram(int minor, const std::vector<std::uint64_t>& words) {
  const TimeHistogramShape shape = time_histogram_shape(minor);
  const unsigned sub_bits = minor < 20 ? 4 : 2;
  const std::uint64_t sub_buckets = std::uint64_t{1} << sub_bits;
  // The first group of sub-buckets is linear, in steps of 1 ns, or of 64 ns; each further one doubles the
  // step.
  const unsigned first_step_bits = minor < 20 ? 0 : 9 - 1 - sub_bits;

  Float64Histogram out;
  out.buckets.push_back(-kInfinity);
  for (std::uint64_t j = 0; j < sub_buckets; ++j) out.buckets.push_back(seconds(j << first_step_bits));
  for (std::size_t group = 1; group * sub_buckets < shape.counts; ++group) {
    const std::size_t step_bits = first_step_bits + group - 1;
    for (std::uint64_t j = 0; j < sub_buckets; ++j)
      out.buckets.push_back(seconds((sub_buckets + j) << step_bits));
  }
  if (shape.overflow)
    out.buckets.push_back(seconds(sub_buckets << (first_step_bits + shape.counts / sub_buckets - 1)));
  out.buckets.push_back(kInfinity);

  out.counts.push_back(words[shape.counts]);  // underflow: negative durations
  out.counts.insert(out.counts.end(), words.begin(),
                    words.begin() + static_cast<std::ptrdiff_t>(shape.counts));
  if (shape.overflow) out.counts.push_back(words[shape.counts + 1]);
  return out;
}

const std::array<std::uint16_t, kSizeClasses> kSizeOfClass{
    0,     8,     16,    24,    32,    48,    64,    80,    96,    112,   128,   144,  160,   176,
    192,   208,   224,   240,   256,   288,   320,   352,   384,   416,   448,   480,  512,   576,
    640,   704,   768,   896,   1024,  1152,  1280,  1408,  1536,  1792,  2048,  2304, 2688,  3072,
    3200,  3456,  4096,  4864,  5376,  6144,  6528,  6784,  6912,  8192,  9472,  9728, 10240, 10880,
    12288, 13568, 14336, 16384, 18432, 19072, 20480, 21760, 24576, 27264, 28672, 32768};

Float64Histogram size_histogram(const std::array<std::uint64_t, kSizeClasses>& small, std::uint64_t large) {
  Float64Histogram out;
  out.buckets.push_back(1);
  for (std::size_t i = 1; i < kSizeClasses; ++i) {
    out.buckets.push_back(kSizeOfClass[i] + 1);
    out.counts.push_back(small[i]);
  }
  out.buckets.push_back(kInfinity);
  out.counts.push_back(large);
  return out;
}

}  // namespace gorotrace
