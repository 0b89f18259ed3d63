// The two kinds of histogram that runtime/metrics has, with bucket bounds equal, bit for bit, to those of
// metrics.Read: buckets[i] <= value < buckets[i + 1].
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace gorotrace {

struct Float64Histogram {       // runtime/metrics.Float64Histogram
  std::vector<double> buckets;  // counts.size() + 1 bounds; the first may be -Inf, the last +Inf
  std::vector<std::uint64_t> counts;

  [[nodiscard]] std::uint64_t total() const;
  // The bucket that holds the q-th part of all values (0 < q <= 1), the first when there are none.
  [[nodiscard]] std::size_t bucket_of(double q) const;
  bool operator==(const Float64Histogram&) const = default;
};

// How a runtime.timeHistogram lies in memory: `counts` words, then underflow, then (since 1.20) overflow.
struct TimeHistogramShape {
  std::size_t counts;
  bool overflow;
  [[nodiscard]] std::size_t words() const { return counts + (overflow ? 2 : 1); }
};
// Up to 1.19 sixteen sub-buckets and no overflow, since 1.20 four and one (runtime/histogram.go).
[[nodiscard]] TimeHistogramShape time_histogram_shape(int minor);
// words: as they lie in memory, shape.words() of them. Bounds in seconds (timeHistogramMetricsBuckets).
[[nodiscard]] Float64Histogram time_histogram(int minor, const std::vector<std::uint64_t>& words);

// Bytes of each size class; class 0 stands for large objects (runtime/sizeclasses.go, internal/runtime/gc;
// the same from 1.18 to 1.27).
inline constexpr std::size_t kSizeClasses = 68;
extern const std::array<std::uint16_t, kSizeClasses> kSizeOfClass;
// Counts of small objects by class and of large ones; bounds in bytes (runtime/metrics.go initMetrics).
[[nodiscard]] Float64Histogram size_histogram(const std::array<std::uint64_t, kSizeClasses>& small,
                                              std::uint64_t large);

}  // namespace gorotrace
