// Up to when the records of several rings are complete, from passes over the rings. A program reads the clock
// first and reserves its place in a ring after; a place that is reserved and not yet filled, because its
// thread lost the CPU, ends a pass, and hides what other threads put behind it. What a ring then still holds
// was reserved after the last pass that emptied it: it is complete up to the begin of that pass, less the
// time from clock to reservation. Pure, not thread-safe.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace gorotrace {

class Watermark {
 public:
  // From a clock to its reservation: reading g and the stack takes microseconds. A program that is preempted
  // in between comes later than this; nothing in a ring tells of it.
  static constexpr std::uint64_t kStragglerNs = 1'000'000;
  // A ring that was stuck for longer is waited for no more: answers would not come, and the budget is minded
  // between them. Its records will be late.
  static constexpr std::uint64_t kPatienceNs = 500'000'000;

  explicit Watermark(std::size_t rings) : emptied_ns_(rings, 0) {}

  // A pass over `ring` that began at began_ns took all that was reserved until then, or met a place that is
  // not filled.
  void passed(std::size_t ring, std::uint64_t began_ns, bool emptied) {
    if (emptied) emptied_ns_[ring] = std::max(emptied_ns_[ring], began_ns);
  }
  // No record from before it will come. As of a pass over all rings that began at began_ns; never less than
  // an earlier answer.
  [[nodiscard]] std::uint64_t at(std::uint64_t began_ns) {
    std::uint64_t complete = began_ns;
    for (const std::uint64_t ring : emptied_ns_) {
      if (ring + kPatienceNs > began_ns) complete = std::min(complete, ring);
    }
    last_ns_ = std::max(last_ns_, complete > kStragglerNs ? complete - kStragglerNs : 0);
    return last_ns_;
  }

 private:
  std::vector<std::uint64_t> emptied_ns_;
  std::uint64_t last_ns_ = 0;
};

}  // namespace gorotrace
