// Log-linear histogram of durations in ns: 16 sub-buckets per power of two, so a quantile is within 1/32 of
// the value it stands for. Grows only to the buckets that were hit. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace gorotrace {

class Histogram {
 public:
  void add(std::uint64_t ns, std::uint64_t n = 1);
  void merge(const Histogram& other);
  // `earlier` is what this one was before; max() is then known to the width of its bucket, unless it grew.
  void subtract(const Histogram& earlier);
  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] std::uint64_t total() const { return total_; }
  [[nodiscard]] std::uint64_t max() const { return max_; }
  [[nodiscard]] std::optional<std::uint64_t> quantile(double q) const;  // nullopt when empty
  // Counts folded to powers of two: pair (upper bound ns, count), ascending, empty ones between kept.
  struct Bucket {
    std::uint64_t upper_ns, count;
  };
  [[nodiscard]] std::vector<Bucket> by_powers_of_two() const;
  bool operator==(const Histogram&) const = default;

  // All that it is, to be kept elsewhere and made again.
  static constexpr std::size_t kMaxBuckets = 61 * 16;  // one for each ns below 16, 16 for each power of two
  struct Parts {
    std::uint32_t first = 0;             // bucket; the others follow
    std::vector<std::uint64_t> buckets;  // counts
    std::uint64_t count = 0, total = 0, max = 0;
  };
  [[nodiscard]] Parts parts() const { return {first_, buckets_, count_, total_, max_}; }
  [[nodiscard]] static std::optional<Histogram> of(Parts parts);  // nullopt: no histogram has these
  [[nodiscard]] std::size_t memory_bytes() const { return buckets_.capacity() * sizeof(buckets_[0]); }

 private:
  void add_to_bucket(std::uint32_t bucket, std::uint64_t n);

  std::vector<std::uint64_t> buckets_;  // from first_ on
  std::uint32_t first_ = 0;
  std::uint64_t count_ = 0, total_ = 0, max_ = 0;
};

}  // namespace gorotrace
