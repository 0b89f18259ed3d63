// The share of a CPU is kept whatever a look costs.
#include "census/pace.h"

#include <gtest/gtest.h>

#include "census/instants.h"

namespace gorotrace {
namespace {

struct Paced {
  double share_used;
  std::size_t looks, looks_at_all, slots;
};

// 20 s of looks whose cost is known.
Paced run(double share, std::size_t total, double among_all_ns, double chosen_ns, double look_ns,
          bool whole = false) {
  Pace pace(share, whole);
  Paced r{};
  double spent = 0;
  constexpr std::uint64_t kLooks = 2000;
  for (std::uint64_t i = 1; i <= kLooks; ++i) {
    const std::size_t n = pace.slots(total, i * kLookPeriodNs);
    if (n > 0) ++r.looks;
    if (n == total) ++r.looks_at_all;
    constexpr double kNoLook = 5000;
    const double each = n == total ? among_all_ns : chosen_ns;
    const double cost = n == 0 ? kNoLook : look_ns + static_cast<double>(n) * each;
    pace.spent(n, n == total, static_cast<std::uint64_t>(cost));
    spent += cost;
    r.slots += n;
  }
  r.share_used = spent / (kLooks * static_cast<double>(kLookPeriodNs));
  return r;
}

TEST(Pace, FewGoroutinesAreAllLookedAt) {
  const Paced r = run(0.05, 500, 300, 2500, 20'000);
  EXPECT_EQ(r.looks_at_all, 2000u);
  EXPECT_LT(r.share_used, 0.05);
}

TEST(Pace, ManyAreChosenFromWithinTheShare) {
  for (const std::size_t total : {20'000u, 100'000u, 1'000'000u}) {
    const Paced r = run(0.05, total, 150, 2200, 20'000);
    EXPECT_LT(r.share_used, 0.05 * 1.06) << total;  // a second's share beforehand: 1/20 of this run
    EXPECT_GT(r.share_used, 0.04) << total;
    EXPECT_GT(r.looks, 1900u) << total;
    EXPECT_LT(r.looks_at_all, 20u) << total;
    EXPECT_GT(r.slots / r.looks, 100u) << total;
  }
}

TEST(Pace, LooksAreLeftOutWhenEvenTheFewestCostTooMuch) {
  const Paced r = run(0.01, 100'000, 150, 20'000, 500'000);
  EXPECT_LT(r.share_used, 0.0115);
  EXPECT_LT(r.looks, 400u);
  EXPECT_GT(r.looks, 20u);
}

TEST(Pace, NoShareNoLook) {
  const Paced r = run(0, 1000, 300, 2500, 20'000);
  EXPECT_EQ(r.looks, 0u);
}

TEST(Pace, WholeLooksAreRareWhereTheyAreDear) {
  const Paced few = run(0.05, 500, 300, 2500, 20'000, true);
  EXPECT_EQ(few.looks_at_all, 2000u);
  const Paced many = run(0.05, 100'000, 750, 2500, 20'000, true);  // 75 ms each: 50 ms of a second's share
  EXPECT_EQ(many.looks, many.looks_at_all);
  EXPECT_GT(many.looks, 10u);
  EXPECT_LT(many.share_used, 0.055);
}

}  // namespace
}  // namespace gorotrace
