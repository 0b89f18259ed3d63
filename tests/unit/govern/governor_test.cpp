#include "govern/governor.h"

#include <gtest/gtest.h>

namespace gorotrace {
namespace {

constexpr std::uint64_t kMs = 1'000'000;
constexpr GroupMask kAll = (1u << GT_GROUP_COUNT) - 1;

Budget share(double s) {
  Budget budget;
  budget.target_share = s;
  return budget;
}

// Steps every 20 ms with constant rates (ns of charge and of CPU per ns) until `until_ms`; obeys the
// governor.
GroupMask play(Governor& governor, GroupMask on, double charge_rate, double cpu_rate, std::uint64_t from_ms,
               std::uint64_t until_ms) {
  for (std::uint64_t ms = from_ms; ms <= until_ms; ms += 20) {
    const auto t = static_cast<double>(ms * kMs);
    on = governor.step(ms * kMs, charge_rate * t, static_cast<std::uint64_t>(cpu_rate * t), on);
  }
  return on;
}

TEST(Charge, is_hits_times_trap_plus_sampled_program_time) {
  TrapCosts costs;
  costs.emulated_ns = 700;
  costs.single_step_ns = 11000;
  const Charge sum =
      charge({{Execution::kEmulated, 1000, 10, 3000}, {Execution::kSingleStep, 10, 0, 0}}, costs);
  EXPECT_EQ(sum.hits, 1010u);
  EXPECT_DOUBLE_EQ(sum.ns, 1000 * (700.0 + 300.0) + 10 * 11000.0);
}

TEST(Governor, within_the_budget_everything_stays) {
  Governor governor(share(0.10));
  EXPECT_EQ(play(governor, kAll, 0.099, 1.0, 20, 5000), kAll);
}

TEST(Governor, above_the_budget_for_the_grace_time_costs_one_group) {
  Governor governor(share(0.10));
  EXPECT_EQ(play(governor, kAll, 0.2, 1.0, 20, 200), kAll);
  EXPECT_EQ(play(governor, kAll, 0.2, 1.0, 220, 220), kAll & ~group_bit(GT_GROUP_CHAN));
}

TEST(Governor, groups_go_one_by_one_in_the_order_of_dependence) {
  Governor governor(share(0.10));
  GroupMask on = kAll;
  std::vector<GroupMask> seen;
  for (std::uint64_t ms = 20; ms <= 3000; ms += 20) {
    const GroupMask next = play(governor, on, 0.5, 1.0, ms, ms);
    if (next != on) seen.push_back(on & ~next);
    on = next;
  }
  std::vector<GroupMask> expected;
  for (const gt_group group : kDetachOrder) expected.push_back(group_bit(group));
  EXPECT_EQ(seen, expected);
  EXPECT_EQ(on, 0u);
}

TEST(Governor, a_group_that_is_off_is_not_dropped_twice) {
  Governor governor(share(0.10));
  const GroupMask on = group_bit(GT_GROUP_LIFECYCLE) | group_bit(GT_GROUP_BLOCK);
  EXPECT_EQ(play(governor, on, 0.5, 1.0, 20, 220), group_bit(GT_GROUP_LIFECYCLE));
}

TEST(Governor, a_short_burst_is_forgiven) {
  Governor governor(share(0.10));
  double charged = 0;
  GroupMask on = kAll;
  for (std::uint64_t ms = 0; ms <= 4000; ms += 20) {
    charged += (ms % 1000 == 500) ? 15e6 : 0;  // 15 ms in 20 of every second: 7.5 % of any 200 ms
    on = governor.step((ms + 1) * kMs, charged, ms * kMs, on);
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
    EXPECT_EQ(governor.step(ms * kMs, charged, ms * kMs, on), on);
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
