#include "model/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>

namespace gorotrace {
namespace {

constexpr unsigned kSubBits = 4;
constexpr std::uint32_t kSub = 1u << kSubBits;

// Durations below 16 ns have a bucket each; from there on every power of two has 16.
std::uint32_t bucket_of(std::uint64_t ns) {
  if (ns < kSub) return static_cast<std::uint32_t>(ns);
  const auto shift = static_cast<unsigned>(std::bit_width(ns)) - 1 - kSubBits;
  return static_cast<std::uint32_t>(shift * kSub + (ns >> shift));
}

unsigned shift_of(std::uint32_t bucket) {
  return bucket < 2 * kSub ? 0 : bucket / kSub - 1;
}

std::uint64_t lower_of(std::uint32_t bucket) {
  const unsigned shift = shift_of(bucket);
  return std::uint64_t{bucket - shift * kSub} << shift;
}

// Index of the power of two a bucket belongs to: 0 for 0 ns, k for [2^(k-1), 2^k).
unsigned power_of(std::uint32_t bucket) {
  return static_cast<unsigned>(std::bit_width(lower_of(bucket)));
}

}  // namespace

void Histogram::add(std::uint64_t ns, std::uint64_t n) {
  if (n == 0) return;
  add_to_bucket(bucket_of(ns), n);
  count_ += n;
  total_ += ns * n;
  max_ = std::max(max_, ns);
}

void Histogram::add_to_bucket(std::uint32_t bucket, std::uint64_t n) {
  if (buckets_.empty()) first_ = bucket;
  if (bucket < first_) {
    buckets_.insert(buckets_.begin(), first_ - bucket, 0);
    first_ = bucket;
  }
  if (bucket - first_ >= buckets_.size()) buckets_.resize(bucket - first_ + 1);
  buckets_[bucket - first_] += n;
}

void Histogram::merge(const Histogram& other) {
  for (std::uint32_t i = 0; i < other.buckets_.size(); ++i) {
    if (other.buckets_[i] != 0) add_to_bucket(other.first_ + i, other.buckets_[i]);
  }
  count_ += other.count_;
  total_ += other.total_;
  max_ = std::max(max_, other.max_);
}

void Histogram::subtract(const Histogram& earlier) {
  for (std::uint32_t i = 0; i < earlier.buckets_.size(); ++i) {
    const std::uint32_t bucket = earlier.first_ + i;
    if (bucket < first_ || bucket - first_ >= buckets_.size()) continue;
    std::uint64_t& n = buckets_[bucket - first_];
    n -= std::min(n, earlier.buckets_[i]);
  }
  while (!buckets_.empty() && buckets_.back() == 0) buckets_.pop_back();
  const auto hit = std::ranges::find_if(buckets_, [](std::uint64_t n) { return n > 0; });
  first_ += static_cast<std::uint32_t>(hit - buckets_.begin());
  buckets_.erase(buckets_.begin(), hit);
  count_ -= std::min(count_, earlier.count_);
  total_ -= std::min(total_, earlier.total_);
  if (buckets_.empty()) {
    max_ = 0;
  } else if (max_ == earlier.max_) {
    const std::uint32_t last = first_ + static_cast<std::uint32_t>(buckets_.size()) - 1;
    max_ = std::min(max_, lower_of(last) + ((std::uint64_t{1} << shift_of(last)) - 1));
  }
}

std::optional<Histogram> Histogram::of(Parts parts) {
  if (parts.buckets.size() > kMaxBuckets || parts.first > kMaxBuckets - parts.buckets.size())
    return std::nullopt;
  std::uint64_t count = 0;
  for (const std::uint64_t n : parts.buckets) count += n;
  if (count != parts.count) return std::nullopt;
  Histogram out;
  out.first_ = parts.first;
  out.buckets_ = std::move(parts.buckets);
  out.count_ = parts.count;
  out.total_ = parts.total;
  out.max_ = parts.max;
  return out;
}

std::optional<std::uint64_t> Histogram::quantile(double q) const {
  if (count_ == 0) return std::nullopt;
  const double wanted = std::ceil(std::clamp(q, 0.0, 1.0) * static_cast<double>(count_));
  const auto rank = std::clamp(static_cast<std::uint64_t>(wanted), std::uint64_t{1}, count_);
  if (rank == count_) return max_;
  std::uint64_t below = 0;
  for (std::uint32_t i = 0; i < buckets_.size(); ++i) {
    below += buckets_[i];
    if (below < rank) continue;
    const std::uint32_t bucket = first_ + i;
    const std::uint64_t middle = lower_of(bucket) + ((std::uint64_t{1} << shift_of(bucket)) >> 1);
    return std::min(middle, max_);
  }
  return max_;
}

std::vector<Histogram::Bucket> Histogram::by_powers_of_two() const {
  std::vector<Bucket> out;
  if (count_ == 0) return out;
  const unsigned low = power_of(first_);
  const unsigned high = power_of(first_ + static_cast<std::uint32_t>(buckets_.size()) - 1);
  for (unsigned power = low; power <= high; ++power) {
    out.push_back({power < 64 ? std::uint64_t{1} << power : std::numeric_limits<std::uint64_t>::max(), 0});
  }
  for (std::uint32_t i = 0; i < buckets_.size(); ++i) out[power_of(first_ + i) - low].count += buckets_[i];
  return out;
}

}  // namespace gorotrace
