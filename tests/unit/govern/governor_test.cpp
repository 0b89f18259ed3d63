#include "govern/governor.h"

#include <gtest/gtest.h>

#include <bit>

namespace gorotrace {
namespace {

constexpr std::uint64_t kMs = 1'000'000;
constexpr GroupMask kAll = (1u << GT_GROUP_COUNT) - 1;

Budget share(double s) {
  Budget budget;
  budget.target_share = s;
  return budget;
}

// One site for each group in `on`, charged the same.
Charge even(double ns, GroupMask on) {
  Charge charge;
  charge.ns = ns;
  for (int i = 0; i < GT_GROUP_COUNT; ++i) charge.sites.push_back({GroupMask{1} << i, 0});
  for (Charge::Site& site : charge.sites) {
    if ((site.groups & on) != 0) site.ns = ns / std::popcount(on);
  }
  return charge;
}

// Steps every 20 ms with constant rates (ns of charge and of CPU per ns) until `until_ms`; obeys the
// governor.
GroupMask play(Governor& governor, GroupMask on, double charge_rate, double cpu_rate, std::uint64_t from_ms,
               std::uint64_t until_ms) {
  for (std::uint64_t ms = from_ms; ms <= until_ms; ms += 20) {
    const auto t = static_cast<double>(ms * kMs);
    on = governor.step(ms * kMs, even(charge_rate * t, on), static_cast<std::uint64_t>(cpu_rate * t), on);
  }
  return on;
}

TEST(Charge, is_hits_times_trap_plus_sampled_program_time) {
  TrapCosts costs;
  costs.emulated_ns = 700;
  costs.single_step_ns = 11000;
  const Charge sum =
      charge({{Execution::kEmulated, 1000, 10, 3000, 1}, {Execution::kSingleStep, 10, 0, 0, 6}}, costs);
  EXPECT_EQ(sum.hits, 1010u);
  EXPECT_DOUBLE_EQ(sum.ns, 1000 * (700.0 + 300.0) + 10 * 11000.0);
  ASSERT_EQ(sum.sites.size(), 2u);
  EXPECT_EQ(sum.sites[1].groups, 6u);
  EXPECT_DOUBLE_EQ(sum.sites[1].ns, 110'000.0);
}

TEST(Governor, within_the_budget_everything_stays) {
  Governor governor(share(0.10));
  EXPECT_EQ(play(governor, kAll, 0.099, 1.0, 20, 5000), kAll);
}

TEST(Governor, slightly_above_the_budget_for_the_grace_time_costs_one_group) {
  Governor governor(share(0.10));
  EXPECT_EQ(play(governor, kAll, 0.11, 1.0, 20, 200), kAll);
  EXPECT_EQ(governor.overrun(), "");
  EXPECT_EQ(play(governor, kAll, 0.11, 1.0, 220, 220), kAll & ~group_bit(GT_GROUP_CHAN));
  EXPECT_EQ(
      governor.overrun(),
      "tracing took 11 % of one CPU for 200ms, the budget leaves 10 %; --budget 14% would keep them, or give "
      "fewer groups by --probes");
}

TEST(Governor, far_above_the_budget_goes_at_once_what_does_not_fit_in_the_order_of_dependence) {
  Governor governor(share(0.10));
  EXPECT_EQ(play(governor, kAll, 0.15, 1.0, 20, 220),
            kAll & ~group_bit(GT_GROUP_CHAN) & ~group_bit(GT_GROUP_SYNC));
  Governor further(share(0.10));
  EXPECT_EQ(play(further, kAll, 0.59, 1.0, 20, 220), group_bit(GT_GROUP_LIFECYCLE));
  Governor all(share(0.10));
  EXPECT_EQ(play(all, kAll, 0.8, 1.0, 20, 220), 0u);
}

TEST(Governor, a_site_that_another_group_needs_is_not_saved_by_dropping_one) {
  Governor governor(share(0.10));
  const GroupMask on = group_bit(GT_GROUP_BLOCK) | group_bit(GT_GROUP_RUN);
  GroupMask stay = on;
  for (std::uint64_t ms = 20; ms <= 220; ms += 20) {  // execute: of block and of run
    const double ns = 0.2 * static_cast<double>(ms * kMs);
    stay = governor.step(ms * kMs, Charge{ns, 1, {{on, ns}}}, ms * kMs, stay);
  }
  EXPECT_EQ(stay, 0u);
}

TEST(Governor, what_costs_more_once_the_target_is_faster_goes_too) {
  Governor governor(share(0.10));
  const GroupMask kept = kAll & ~group_bit(GT_GROUP_CHAN);
  ASSERT_EQ(play(governor, kAll, 0.11, 1.0, 20, 220), kept);
  EXPECT_EQ(play(governor, kept, 0.11, 1.0, 240, 420), kept);
  EXPECT_EQ(play(governor, kept, 0.11, 1.0, 440, 460), kept & ~group_bit(GT_GROUP_SYNC));
}

TEST(Governor, a_group_that_is_off_is_not_dropped_twice) {
  Governor governor(share(0.10));
  const GroupMask on = group_bit(GT_GROUP_LIFECYCLE) | group_bit(GT_GROUP_BLOCK);
  EXPECT_EQ(play(governor, on, 0.15, 1.0, 20, 220), group_bit(GT_GROUP_LIFECYCLE));
}

TEST(Governor, a_short_burst_is_forgiven) {
  Governor governor(share(0.10));
  double charged = 0;
  GroupMask on = kAll;
  for (std::uint64_t ms = 0; ms <= 4000; ms += 20) {
    charged += (ms % 1000 == 500) ? 15e6 : 0;  // 15 ms in 20 of every second: 7.5 % of any 200 ms
    on = governor.step((ms + 1) * kMs, even(charged, on), ms * kMs, on);
  }
  EXPECT_EQ(on, kAll);
}

TEST(Governor, an_idle_target_leaves_room_of_a_twentieth_cpu) {
  Governor idle(share(0.01));
  EXPECT_EQ(play(idle, kAll, 0.049, 0.0, 20, 3000), kAll);
  Governor more(share(0.01));
  EXPECT_NE(play(more, kAll, 0.051, 0.0, 20, 3000), kAll);
}

TEST(Governor, figures_from_before_a_change_do_not_count_after_it) {
  Governor governor(share(0.10));
  GroupMask on = play(governor, kAll, 0.5, 1.0, 20, 220);
  ASSERT_NE(on, kAll);
  const double charged = 0.5 * 220 * kMs;  // nothing is charged from here on
  for (std::uint64_t ms = 240; ms <= 3000; ms += 20) {
    EXPECT_EQ(governor.step(ms * kMs, even(charged, on), ms * kMs, on), on);
  }
}

TEST(Governor, cpus_are_absolute_and_none_is_without_limit) {
  Budget half;
  half.cpus = 0.5;
  Governor absolute(half);
  EXPECT_EQ(play(absolute, kAll, 0.49, 0.0, 20, 3000), kAll);
  Governor over(half);
  EXPECT_NE(play(over, kAll, 0.51, 8.0, 20, 400), kAll);
  Budget none;
  none.unlimited = true;
  Governor unlimited(none);
  EXPECT_EQ(play(unlimited, kAll, 50.0, 1.0, 20, 3000), kAll);
}

}  // namespace
}  // namespace gorotrace
