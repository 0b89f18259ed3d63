// The share of a CPU is kept whatever a look costs.
#include "sampling/pace.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "sampling/instants.h"

namespace gorotrace {
namespace {

struct Paced {
  double share_used;    // of all 20 s
  double worst_second;  // of a CPU, in any second
  double dearest_look_ns;
  std::size_t looks, looks_at_all, slots;
};

// 20 s of looks whose cost is known; the first one reads every stack and costs four times as much a
// goroutine.
Paced run(double share, std::size_t total, double among_all_ns, double chosen_ns, double look_ns,
          bool whole = false) {
  Pace pace(share, whole);
  std::vector<double> costs;
  Paced r{};
  double spent = 0;
  constexpr std::uint64_t kLooks = 2000;
  for (std::uint64_t i = 1; i <= kLooks; ++i) {
    const std::size_t n = pace.slots(total, i * kLookPeriodNs);
    if (n > 0) ++r.looks;
    if (n == total) ++r.looks_at_all;
    constexpr double kNoLook = 5000;
    const double each = (n == total ? among_all_ns : chosen_ns) * (i == 1 ? 4 : 1);
    const double cost = n == 0 ? kNoLook : look_ns + static_cast<double>(n) * each;
    pace.spent(n, n == total, static_cast<std::uint64_t>(cost));
    spent += cost;
    costs.push_back(cost);
    r.slots += n;
  }
  r.share_used = spent / (kLooks * static_cast<double>(kLookPeriodNs));
  r.dearest_look_ns = std::ranges::max(costs);
  constexpr std::size_t kSecond = 1'000'000'000 / kLookPeriodNs;
  double second = 0;
  for (std::size_t i = 0; i < costs.size(); ++i) {
    second += costs[i] - (i >= kSecond ? costs[i - kSecond] : 0);
    r.worst_second = std::max(r.worst_second, second / 1e9);
  }
  return r;
}

TEST(Pace, FewGoroutinesAreAllLookedAt) {
  const Paced r = run(0.05, 500, 300, 2500, 20'000);
  EXPECT_EQ(r.looks, r.looks_at_all);
  EXPECT_GT(r.looks, 1995u);  // after the first one, which is dear, some wait until it is paid for
  EXPECT_LT(r.share_used, 0.05);
}

TEST(Pace, ManyAreChosenFromWithinTheShare) {
  for (const std::size_t total : {20'000u, 100'000u, 1'000'000u}) {
    const Paced r = run(0.05, total, 150, 2200, 20'000);
    EXPECT_LT(r.share_used, 0.05) << total;
    EXPECT_GT(r.share_used, 0.04) << total;
    EXPECT_GT(r.looks, 1900u) << total;
    EXPECT_LT(r.looks_at_all, 20u) << total;
    EXPECT_GT(r.slots / r.looks, 100u) << total;
  }
}

// From the first second on, which has the dearest look: what a report of one second prints is within the
// share.
TEST(Pace, NoSecondTakesMoreThanItsShare) {
  for (const double share : {0.01, 0.05, 0.2}) {
    for (const std::size_t total :
         {10u, 500u, 1'000u, 1'500u, 2'000u, 3'000u, 10'000u, 100'000u, 1'000'000u}) {
      const Paced r = run(share, total, 300, 2500, 20'000);
      EXPECT_LT(r.worst_second, share) << total << " at " << share;
    }
  }
}

TEST(Pace, LooksAreLeftOutWhenEvenTheFewestCostTooMuch) {
  const Paced r = run(0.01, 100'000, 150, 20'000, 500'000);
  EXPECT_LT(r.worst_second, 0.01 + r.dearest_look_ns / 1e9);
  EXPECT_LT(r.share_used, 0.01 + 0.001);  // finding that no look is affordable is not free either
  EXPECT_LT(r.looks, 400u);
  EXPECT_GT(r.looks, 20u);
}

// Looks in `seconds` at the thirtieth part of 5 % of a CPU; that one costs so much, the others 50 us.
std::size_t looks_with_one_of(std::uint64_t ns, std::size_t which, std::uint64_t seconds) {
  constexpr std::size_t kTotal = 11;
  Pace pace(0.05 / 30);
  std::size_t looks = 0;
  for (std::uint64_t at = 1; at < seconds * 1'000'000'000;
       at = std::max(at + pace.period_ns(kTotal), pace.paid_at_ns() + 1)) {
    if (pace.slots(kTotal, at) == 0) continue;
    pace.spent(kTotal, true, ++looks == which ? ns : 50'000);
  }
  return looks;
}

TEST(Pace, OneDearLookIsPaidForOnce) {
  const std::size_t without = looks_with_one_of(50'000, 1, 10);
  EXPECT_GT(without, 250u);
  for (const std::size_t which : {1u, 2u, 3u, 20u}) {
    // It cost as much as a hundred others.
    const std::size_t with = looks_with_one_of(5'000'000, which, 10);
    EXPECT_GT(with + 100 + 25, without) << which;
    EXPECT_LT(with + 100 - 25, without) << which;
  }
}

// What looks cost from now on is believed soon, however much it is.
TEST(Pace, LooksThatHaveBecomeDearAreRareSoon) {
  constexpr std::size_t kTotal = 100;
  Pace pace(0.05);
  for (int i = 0; i < 20; ++i) pace.spent(kTotal, true, 50'000);
  for (int i = 0; i < 20; ++i) pace.spent(kTotal, true, 5'000'000);
  EXPECT_GT(pace.period_ns(kTotal), 80'000'000u);
}

TEST(Pace, NoShareNoLook) {
  const Paced r = run(0, 1000, 300, 2500, 20'000);
  EXPECT_EQ(r.looks, 0u);
}

TEST(Pace, WholeLooksAreRareWhereTheyAreDear) {
  const Paced few = run(0.05, 500, 300, 2500, 20'000, true);
  EXPECT_EQ(few.looks, few.looks_at_all);
  EXPECT_GT(few.looks, 1995u);
  const Paced many = run(0.05, 100'000, 750, 2500, 20'000, true);  // 75 ms each: 50 ms of a second's share
  EXPECT_EQ(many.looks, many.looks_at_all);
  EXPECT_GE(many.looks, 10u);
  EXPECT_LT(many.share_used, 0.05 + many.dearest_look_ns / 20e9);
}

}  // namespace
}  // namespace gorotrace
