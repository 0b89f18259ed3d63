// Gaps, groups going off, and what may still be said then.
#include "trace.h"

namespace gorotrace {
namespace {

using Loss = ModelTest;

TEST_F(Loss, gap_taints_open_waits_and_no_wait_crosses_it) {
  create(2000, 1);
  run(2100, 1);
  park(2200, 1);
  gap(2500, 2600);
  ready(5000, 1);
  run(5100, 1);
  const Tables t = tables(6000);
  EXPECT_EQ(t.blocking[0].waits.count(), 0u);
  EXPECT_EQ(t.blocking[0].tainted, 1u);
  EXPECT_EQ(t.blocking[0].in_window_ns, 300u);
  EXPECT_EQ(t.gaps, 1u);
  EXPECT_EQ(in(t, GState::kUnknown), 2500u);
  EXPECT_EQ(t.illegal, 0u);
}

TEST_F(Loss, a_wait_that_nobody_touched_since_the_gap_is_tainted_in_the_answer_too) {
  create(2000, 1);
  run(2100, 1);
  park(2200, 1);
  gap(2500, 2600);
  gap(2700, 2800);
  const Tables t = tables(6000);
  EXPECT_EQ(t.blocking[0].tainted, 1u);
  EXPECT_EQ(t.blocking[0].blocked_now, 0u);
  EXPECT_EQ(t.blocking[0].in_window_ns, 300u);
  EXPECT_EQ(now_in(t, GState::kUnknown), 1u);
}

TEST_F(Loss, inside_a_gap_neither_a_park_nor_a_ready_says_anything_lasting) {
  create(2000, 1);
  run(2100, 1);
  gap(2150, 3000);
  park(2200, 1);
  ready(2900, 1);
  run(3100, 1);
  const Tables t = tables(4000);
  for (const BlockingRow& row : t.blocking) EXPECT_EQ(row.waits.count() + row.tainted, 0u);
  EXPECT_EQ(t.latency.histogram.count(), 0u);
  EXPECT_EQ(in(t, GState::kUnknown), 950u);
  EXPECT_EQ(in(t, GState::kRunning), 50u + 900u);
  EXPECT_EQ(t.parks, 1u);
}

TEST_F(Loss, creations_and_exits_inside_a_gap_still_count) {
  gap(1500, 3000);
  create(2000, 1);
  create(2000, 2);
  exit(2500, 1);
  const Tables t = tables(4000);
  EXPECT_EQ(t.created, 2u);
  EXPECT_EQ(t.exited, 1u);
  EXPECT_EQ(t.live, 1u);
}

TEST_F(Loss, a_gap_cuts_the_coverage) {
  gap(1500, 1700);
  const Tables t = tables(2000);
  ASSERT_EQ(t.covered[GT_GROUP_BLOCK].size(), 2u);
  EXPECT_EQ(t.covered[GT_GROUP_BLOCK][0].to_ns, 1500u);
  EXPECT_EQ(t.covered[GT_GROUP_BLOCK][1].from_ns, 1700u);
  EXPECT_TRUE(t.covered[GT_GROUP_SYSCALL].empty());
}

TEST_F(Loss, more_gaps_than_are_remembered_still_add_up) {
  create(2000, 1);
  run(2100, 1);
  park(2200, 1);
  for (std::uint64_t i = 0; i < 10000; ++i) gap(3000 + 10 * i, 3005 + 10 * i);
  const Tables t = tables(200000);
  EXPECT_EQ(t.blocking[0].tainted, 1u);
  EXPECT_EQ(t.blocking[0].in_window_ns, 800u);
  EXPECT_LE(t.covered[GT_GROUP_BLOCK].size(), 4097u);
}

TEST_F(Loss, block_going_off_taints_open_waits_and_makes_states_unknown) {
  create(2000, 1);
  run(2100, 1);
  park(2200, 1);
  model.group(GT_GROUP_BLOCK, false, 2500);
  Tables t = tables(3000);
  EXPECT_EQ(t.blocking[0].tainted, 1u);
  EXPECT_EQ(now_in(t, GState::kUnknown), 1u);
  groups({GT_GROUP_BLOCK}, 4000);
  ready(4500, 1);
  t = tables(5000);
  EXPECT_EQ(t.blocking[0].waits.count(), 0u);
  EXPECT_EQ(t.covered[GT_GROUP_BLOCK].size(), 2u);
  EXPECT_EQ(t.illegal, 0u);
}

TEST_F(Loss, syscall_group_going_off_taints_open_syscalls_only) {
  groups({GT_GROUP_SYSCALL}, 1500);
  create(2000, 1);
  create(2000, 2);
  run(2000, 1);
  run(2000, 2);
  hook(GT_HOOK_SYSCALL_ENTER, 2100, 1, 6);
  park(2100, 2);
  model.group(GT_GROUP_SYSCALL, false, 2500);
  const Tables t = tables(3000);
  for (const BlockingRow& row : t.blocking) {
    EXPECT_EQ(row.tainted, row.in_syscall ? 1u : 0u);
    EXPECT_EQ(row.blocked_now, row.in_syscall ? 0u : 1u);
  }
}

TEST_F(Loss, an_event_of_a_waiting_one_that_is_no_wake_up_ends_the_wait_unknown) {
  create(2000, 1);
  run(2100, 1);
  park(2200, 1);
  park(2900, 1);
  const Tables t = tables(3000);
  EXPECT_EQ(t.blocking[0].ended_unknown, 1u);
  EXPECT_EQ(t.blocking[0].blocked_now, 1u);
  EXPECT_EQ(t.illegal, 1u);
}

}  // namespace
}  // namespace gorotrace
