#include "govern/governor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <set>
#include <vector>

namespace gorotrace {
namespace {

constexpr std::uint64_t kMs = 1'000'000;
constexpr GroupMask kAll = ((1u << GT_GROUP_COUNT) - 1) & ~kRareGroups;

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
    on = governor.step(ms * kMs, even(charge_rate * t, on), static_cast<std::uint64_t>(cpu_rate * t), on, on);
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
  Governor governor(share(0.10), 1);
  EXPECT_EQ(play(governor, kAll, 0.099, 1.0, 20, 5000), kAll);
}

TEST(Governor, slightly_above_the_budget_for_the_grace_time_costs_one_group) {
  Governor governor(share(0.10), 1);
  EXPECT_EQ(play(governor, kAll, 0.11, 1.0, 20, 200), kAll);
  EXPECT_EQ(governor.overrun(), "");
  EXPECT_EQ(play(governor, kAll, 0.11, 1.0, 220, 220), kAll & ~group_bit(GT_GROUP_CHAN));
  EXPECT_EQ(
      governor.overrun(),
      "tracing took 11 % of one CPU for 200ms, the budget leaves 10 %; --budget 14% would keep them, or give "
      "fewer groups by --probes");
}

TEST(Governor, far_above_the_budget_goes_at_once_what_does_not_fit_in_the_order_of_dependence) {
  Governor governor(share(0.10), 1);
  EXPECT_EQ(play(governor, kAll, 0.15, 1.0, 20, 220),
            kAll & ~group_bit(GT_GROUP_CHAN) & ~group_bit(GT_GROUP_SYNC));
  Governor further(share(0.10), 1);
  EXPECT_EQ(play(further, kAll, 0.59, 1.0, 20, 220), group_bit(GT_GROUP_LIFECYCLE));
  Governor all(share(0.10), 1);
  EXPECT_EQ(play(all, kAll, 0.8, 1.0, 20, 220), 0u);
}

TEST(Governor, what_is_rare_stays_unless_it_takes_everything_by_itself) {
  const auto stays = [](double panics_share) {
    Governor governor(share(0.10), 1);
    const GroupMask on = kAll | kRareGroups;
    GroupMask stay = on;
    for (std::uint64_t ms = 20; ms <= 220; ms += 20) {
      const double now_ns = static_cast<double>(ms * kMs), rare_ns = panics_share * now_ns;
      Charge charge{0.8 * now_ns + rare_ns, 1, {{group_bit(GT_GROUP_PANIC), rare_ns}}};
      for (const gt_group group : {GT_GROUP_LIFECYCLE, GT_GROUP_BLOCK})
        charge.sites.push_back({group_bit(group), 0.4 * now_ns});
      stay = governor.step(ms * kMs, charge, ms * kMs, stay, stay);
    }
    return stay;
  };
  EXPECT_EQ(stays(0.001), kRareGroups);
  EXPECT_EQ(stays(0.3) & group_bit(GT_GROUP_PANIC), 0u);
}

TEST(Governor, a_site_that_another_group_needs_is_not_saved_by_dropping_one) {
  Governor governor(share(0.10), 1);
  const GroupMask on = group_bit(GT_GROUP_BLOCK) | group_bit(GT_GROUP_RUN);
  GroupMask stay = on;
  for (std::uint64_t ms = 20; ms <= 220; ms += 20) {  // execute: of block and of run
    const double ns = 0.2 * static_cast<double>(ms * kMs);
    stay = governor.step(ms * kMs, Charge{ns, 1, {{on, ns}}}, ms * kMs, stay, stay);
  }
  EXPECT_EQ(stay, 0u);
}

TEST(Governor, what_costs_more_once_the_target_is_faster_goes_too) {
  Governor governor(share(0.10), 1);
  const GroupMask kept = kAll & ~group_bit(GT_GROUP_CHAN);
  ASSERT_EQ(play(governor, kAll, 0.11, 1.0, 20, 220), kept);
  EXPECT_EQ(play(governor, kept, 0.11, 1.0, 240, 420), kept);
  EXPECT_EQ(play(governor, kept, 0.11, 1.0, 440, 460), kept & ~group_bit(GT_GROUP_SYNC));
}

TEST(Governor, a_group_that_is_off_is_not_dropped_twice) {
  Governor governor(share(0.10), 1);
  const GroupMask on = group_bit(GT_GROUP_LIFECYCLE) | group_bit(GT_GROUP_BLOCK);
  EXPECT_EQ(play(governor, on, 0.15, 1.0, 20, 220), group_bit(GT_GROUP_LIFECYCLE));
}

// 100 ms of what block cost, when it has been told to go already.
TEST(Governor, hits_of_what_is_going_are_not_charged_to_what_stays) {
  Governor governor(share(0.10), 1);
  const GroupMask lifecycle = group_bit(GT_GROUP_LIFECYCLE), both = lifecycle | group_bit(GT_GROUP_BLOCK);
  GroupMask on = both;
  double block = 0;
  for (std::uint64_t ms = 20; ms <= 2000; ms += 20) {
    if (ms <= 320) block += 20e6;
    on = governor.step(ms * kMs, Charge{block, 1, {{lifecycle, 0}, {group_bit(GT_GROUP_BLOCK), block}}},
                       ms * kMs, on, on);
  }
  EXPECT_EQ(on, lifecycle);
}

TEST(Governor, a_short_burst_is_forgiven) {
  Governor governor(share(0.10), 1);
  double charged = 0;
  GroupMask on = kAll;
  for (std::uint64_t ms = 0; ms <= 4000; ms += 20) {
    charged += (ms % 1000 == 500) ? 15e6 : 0;  // 15 ms in 20 of every second: 7.5 % of any 200 ms
    on = governor.step((ms + 1) * kMs, even(charged, on), ms * kMs, on, on);
  }
  EXPECT_EQ(on, kAll);
}

TEST(Governor, an_idle_target_leaves_room_of_a_twentieth_cpu) {
  Governor idle(share(0.01), 1);
  EXPECT_EQ(play(idle, kAll, 0.049, 0.0, 20, 3000), kAll);
  Governor more(share(0.01), 1);
  EXPECT_NE(play(more, kAll, 0.051, 0.0, 20, 3000), kAll);
}

TEST(Governor, figures_from_before_a_change_do_not_count_after_it) {
  Governor governor(share(0.10), 1);
  GroupMask on = play(governor, kAll, 0.5, 1.0, 20, 220);
  ASSERT_NE(on, kAll);
  const double charged = 0.5 * 220 * kMs;  // nothing is charged from here on
  for (std::uint64_t ms = 240; ms <= 3000; ms += 20) {
    EXPECT_EQ(governor.step(ms * kMs, even(charged, on), ms * kMs, on, on), on);
  }
}

TEST(Governor, cpus_are_absolute_and_none_is_without_limit) {
  Budget half;
  half.cpus = 0.5;
  Governor absolute(half, 1);
  EXPECT_EQ(play(absolute, kAll, 0.49, 0.0, 20, 3000), kAll);
  Governor over(half, 1);
  EXPECT_NE(play(over, kAll, 0.51, 8.0, 20, 400), kAll);
  Budget none;
  none.unlimited = true;
  Governor unlimited(none, 1);
  EXPECT_EQ(play(unlimited, kAll, 50.0, 1.0, 20, 3000), kAll);
}

// A target that costs `dear` of one CPU while the groups are on, and for kLag after they were told to go; it
// uses one CPU. Every 50 ms, as control does.
struct Server {
  static constexpr std::uint64_t kStep = 50, kLag = 100;
  explicit Server(double dear_share, std::uint64_t seed = 1)
      : governor(share(0.10), seed), dear(dear_share) {}

  void run_until(std::uint64_t ms) {
    for (; now < ms; now += kStep) {
      const bool was_on = on == kBoth;
      if (was_on || now < gone_at + kLag) charged += dear * static_cast<double>(kStep * kMs);
      spent.push_back(charged);
      Charge charge;
      charge.ns = charged;
      charge.sites = {{kBoth, charged}};
      on = governor.step((now + kStep) * kMs, charge, (now + kStep) * kMs, on, may_return ? kBoth : on);
      if (was_on && on != kBoth) gone_at = now + kStep, lengths.push_back(gone_at - came_at);
      if (!was_on && on == kBoth) came_at = now + kStep;
    }
  }
  // The most that any 10 s took behind then, of one CPU.
  [[nodiscard]] double dearest(std::uint64_t from_ms) const {
    constexpr std::size_t kTenSeconds = 10'000 / kStep;
    double most = 0;
    for (std::size_t i = from_ms / kStep + kTenSeconds; i < spent.size(); ++i)
      most = std::max(most, (spent[i] - spent[i - kTenSeconds]) / 1e10);
    return most;
  }

  static constexpr GroupMask kBoth = group_bit(GT_GROUP_LIFECYCLE) | group_bit(GT_GROUP_BLOCK);
  Governor governor;
  double dear, charged = 0;
  bool may_return = true;
  GroupMask on = kBoth;
  std::uint64_t now = 0, gone_at = 0, came_at = 0;
  std::vector<double> spent;
  std::vector<std::uint64_t> lengths;
};

TEST(GovernorPhases, KeepTheAverageWithinTheBudget) {
  for (const double dear : {0.15, 0.3, 0.6, 1.0}) {
    Server server(dear);
    server.run_until(120'000);
    const double average = server.charged / 120e9;
    EXPECT_LE(server.dearest(1000), 0.12) << dear;  // the first lasts the grace time
    EXPECT_GE(average, 0.075) << dear << ": what may be spent is";
    EXPECT_GE(server.lengths.size(), 30u) << dear;
  }
}

TEST(GovernorPhases, AreOfRandomLengthAtRandomTimes) {
  Server server(0.6), other(0.6, 2);
  server.run_until(60'000), other.run_until(60'000);
  EXPECT_GE(std::set<std::uint64_t>(server.lengths.begin(), server.lengths.end()).size(), 3u);
  EXPECT_NE(server.spent, other.spent);
}

TEST(GovernorPhases, EndOnceTheTargetIsCheapAgain) {
  Server server(0.6);
  server.run_until(20'000);
  server.dear = 0.05;
  server.run_until(40'000);
  const std::size_t phases = server.lengths.size();
  server.run_until(100'000);
  EXPECT_EQ(server.lengths.size(), phases);
  EXPECT_EQ(server.on, Server::kBoth);
}

TEST(GovernorPhases, WaitForWhoSaysWhenTheyMay) {
  Server server(0.6);
  server.may_return = false;
  server.run_until(60'000);
  EXPECT_EQ(server.lengths.size(), 1u);
  server.may_return = true;
  server.run_until(60'100);
  EXPECT_EQ(server.on, Server::kBoth);
}

// A phase that has room takes no more than that, however fast it goes.
TEST(GovernorPhases, WhatMayBeSpentIsWhatTheRoomOfAPhaseLeaves) {
  Budget budget;
  budget.cpus = 0.1;
  Governor governor(budget, 1);
  EXPECT_DOUBLE_EQ(*governor.allowed_ns(), 0.15e9) << "1.5 s of room";
  GroupMask on = Server::kBoth;
  const auto spend = [&](std::uint64_t ms, double ns) {
    return governor.step(ms * kMs, Charge{ns, 1, {{Server::kBoth, ns}}}, 0, on, on);
  };
  on = spend(1, 0);
  on = spend(51, 45e6);  // of 5 ms that are left
  EXPECT_DOUBLE_EQ(*governor.allowed_ns(), 0.15e9 - 40e6);
  on = spend(1051, 45e6);
  EXPECT_DOUBLE_EQ(*governor.allowed_ns(), 0.15e9 + 50e6) << "what is saved ahead: 0.5 s of room";
  Budget none;
  none.unlimited = true;
  EXPECT_FALSE(Governor(none, 1).allowed_ns());
}

TEST(GovernorPhases, WhatHasPassedItGoesAtOnce) {
  Governor governor(share(0.10), 1);
  const GroupMask lifecycle = group_bit(GT_GROUP_LIFECYCLE), block = group_bit(GT_GROUP_BLOCK);
  const auto at = [&](std::uint64_t ms, double ns, GroupMask over) {
    return governor.step(ms * kMs, Charge{ns, 1, {{lifecycle, 0}, {block, ns}}}, ms * kMs, lifecycle | block,
                         lifecycle | block, over);
  };
  EXPECT_EQ(at(50, 0, 0), lifecycle | block);
  EXPECT_EQ(at(60, 9e6, 0), lifecycle | block) << "the grace time";
  EXPECT_EQ(at(70, 99e6, block), lifecycle);
  EXPECT_NE(governor.overrun(), "");
}

// A burst is over the limit, and below the average all the same: of that nothing is said.
TEST(GovernorPhases, WhatPassedTheLimitOfAPhaseIsToldAsThat) {
  Governor governor(share(0.10), 1);
  const GroupMask lifecycle = group_bit(GT_GROUP_LIFECYCLE), block = group_bit(GT_GROUP_BLOCK);
  const auto at = [&](std::uint64_t ms, std::uint64_t hits, GroupMask over) {
    const double ns = 1000.0 * static_cast<double>(hits);
    return governor.step(ms * kMs, Charge{ns, hits, {{lifecycle, 0}, {block, ns}}}, ms * kMs,
                         lifecycle | block, lifecycle | block, over);
  };
  EXPECT_EQ(at(20, 100, 0), lifecycle | block);
  EXPECT_EQ(at(69, 990, block), lifecycle);
  EXPECT_EQ(governor.overrun(),
            "890 hits in 49.0ms passed the limit that the budget sets one phase of tracing; give more by "
            "--budget, or fewer groups by --probes");
}

// Whoever was quiet for long has not saved enough to be dear for long.
TEST(GovernorPhases, LittleIsSavedAhead) {
  Server server(0);
  server.run_until(60'000);
  server.dear = 1;
  server.run_until(80'000);
  EXPECT_LE(server.dearest(0), 0.10 + 0.005 + 0.03) << "saved, and 0.3 s at once: grace time and lag";
}

TEST(Charge, what_came_is_weighted_site_by_site) {
  const Charge before{.ns = 100, .hits = 10, .sites = {{1, 60}, {2, 40}}};
  const Charge after{.ns = 180, .hits = 15, .sites = {{1, 100}, {2, 50}, {4, 30}}};
  Charge sum{.ns = 7, .hits = 10, .sites = {{1, 5}, {2, 2}}};
  sum.add_weighted(before, after, 2);
  EXPECT_EQ(sum.hits, 15u);
  EXPECT_DOUBLE_EQ(sum.ns, 167);
  ASSERT_EQ(sum.sites.size(), 3u);
  EXPECT_DOUBLE_EQ(sum.sites[0].ns, 85);
  EXPECT_DOUBLE_EQ(sum.sites[1].ns, 22);
  EXPECT_DOUBLE_EQ(sum.sites[2].ns, 60);
  EXPECT_EQ(sum.sites[2].groups, 4u);
}

// A kernel's counter that begins anew takes nothing back.
TEST(Charge, what_is_charged_less_adds_nothing) {
  Charge sum;
  sum.add_weighted({.ns = 100, .hits = 10, .sites = {{1, 100}}}, {.ns = 40, .hits = 10, .sites = {{1, 40}}},
                   3);
  EXPECT_EQ(sum.ns, 0);
  EXPECT_EQ(sum.sites[0].ns, 0);
}

}  // namespace
}  // namespace gorotrace
