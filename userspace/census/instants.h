// When to look: one uniform instant in each cell of a fixed period, so that nothing the target does
// periodically can hide between looks; and whom to look at when all are too many: one uniform slot in each of
// k equal strata, so that neighbours in allgs (made together, alike) are not chosen together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace gorotrace {

inline constexpr std::uint64_t kLookPeriodNs = 10'000'000;

class Instants {
 public:
  Instants(std::uint64_t begin_ns, std::uint64_t seed) : begin_ns_(begin_ns), random_(seed) {}
  // The instant in the first cell that neither has been used nor is over at now_ns.
  [[nodiscard]] std::uint64_t next(std::uint64_t now_ns);
  [[nodiscard]] std::uint64_t missed() const { return missed_; }  // cells that went by without a look

 private:
  std::uint64_t begin_ns_, next_cell_ = 0, missed_ = 0;
  std::mt19937_64 random_;
};

struct Choice {
  std::uint32_t slot = 0;
  std::uint32_t stands_for = 1;  // slots of its stratum
};
// `wanted` slots of [0, total), ascending and distinct; all of them when wanted >= total.
void choose_slots(std::size_t total, std::size_t wanted, std::mt19937_64& random, std::vector<Choice>& out);

}  // namespace gorotrace
