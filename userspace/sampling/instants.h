// When to look: one uniform instant in each of the cells that time is cut into, so that nothing the target
// does periodically can hide between looks; and whom to look at when all are too many: one uniform slot in
// each of k equal strata, so that neighbours in allgs (made together, alike) are not chosen together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace gorotrace {

inline constexpr std::uint64_t kLookPeriodNs = 10'000'000;  // the shortest cell

class Instants {
 public:
  Instants(std::uint64_t begin_ns, std::uint64_t length_ns, std::uint64_t seed)
      : end_ns_(begin_ns), length_ns_(length_ns), random_(seed) {}
  // The instant in the first cell that neither has been used nor is over at now_ns. length_ns: of the cell
  // behind that. What the next look sees must not decide how long the cell behind it is, for a look's weight
  // is half of both gaps beside it: so a length counts from the next cell but one on, and the weight of the
  // next look does not depend on what it sees.
  [[nodiscard]] std::uint64_t next(std::uint64_t now_ns, std::uint64_t length_ns);

 private:
  std::uint64_t end_ns_;     // of the last cell used
  std::uint64_t length_ns_;  // of the next one
  std::mt19937_64 random_;
};

struct Choice {
  std::uint32_t slot = 0;
  std::uint32_t stands_for = 1;  // slots of its stratum
};
// `wanted` slots of [0, total), ascending and distinct; all of them when wanted >= total.
void choose_slots(std::size_t total, std::size_t wanted, std::mt19937_64& random, std::vector<Choice>& out);

}  // namespace gorotrace
