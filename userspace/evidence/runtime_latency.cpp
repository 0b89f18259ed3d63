#include "evidence/runtime_latency.h"

#include <cmath>
#include <cstddef>

#include "metrics/histogram.h"

namespace gorotrace {
namespace {

std::uint64_t nanoseconds(double seconds) {
  return static_cast<std::uint64_t>(std::llround(seconds * 1e9));
}

// Of those that have no end, the end that they have.
std::uint64_t middle(double low, double high) {
  if (!std::isfinite(low)) return 0;
  return std::isfinite(high) ? nanoseconds((low + high) / 2) : nanoseconds(low);
}

}  // namespace

std::optional<RuntimeLatency> runtime_latency(int minor, const TimeToRun& first, const TimeToRun& last) {
  const std::size_t words = time_histogram_shape(minor).words();
  if (first.words.size() != words || last.words.size() != words || last.time_ns <= first.time_ns)
    return std::nullopt;
  const Float64Histogram before = time_histogram(minor, first.words), now = time_histogram(minor, last.words);
  RuntimeLatency out{{first.time_ns, last.time_ns}, {}};
  for (std::size_t i = 0; i < now.counts.size(); ++i) {
    if (now.counts[i] < before.counts[i]) return std::nullopt;
    out.times.add(middle(now.buckets[i], now.buckets[i + 1]), now.counts[i] - before.counts[i]);
  }
  return out;
}

}  // namespace gorotrace
