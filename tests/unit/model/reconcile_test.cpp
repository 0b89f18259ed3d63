#include "trace.h"

namespace gorotrace {
namespace {

using Reconcile = ModelTest;

TEST_F(Reconcile, waits_from_before_the_attach_count_from_the_window_and_end_unknown) {
  look(1100, 1200, {seen(1, GStatus::kWaiting, 1150, kChanReceive)});
  Tables t = tables(2000);
  EXPECT_EQ(t.live, 1u);
  EXPECT_EQ(t.created, 0u);
  EXPECT_EQ(t.blocking[0].blocked_now, 1u);
  EXPECT_EQ(t.blocking[0].in_window_ns, 1000u);
  EXPECT_EQ(*t.blocking[0].oldest_ns, 1000u);
  EXPECT_TRUE(t.blocking[0].oldest_is_lower_bound);
  EXPECT_EQ(t.live_integral_ns, 1000u);
  EXPECT_EQ(in(t, GState::kWaiting), 1000u);
  ready(3000, 1);
  run(3100, 1);
  t = tables(4000);
  EXPECT_EQ(t.blocking[0].ended_unknown, 1u);
  EXPECT_EQ(t.blocking[0].waits.count(), 0u);
  EXPECT_EQ(t.blocking[0].in_window_ns, 2000u);
  EXPECT_EQ(t.latency.histogram.count(), 1u);
  EXPECT_EQ(t.illegal, 0u);
}

TEST_F(Reconcile, a_wait_that_collections_prove_is_older) {
  GoroutineSnapshot g = seen(1, GStatus::kWaiting, 1150, kChanReceive);
  g.waited_at_ns = 200;
  look(1100, 1200, {g});
  const Tables t = tables(2000);
  EXPECT_EQ(*t.blocking[0].oldest_ns, 1800u);
  EXPECT_TRUE(t.blocking[0].oldest_is_lower_bound);
  EXPECT_EQ(t.blocking[0].in_window_ns, 1000u);
  ASSERT_EQ(t.creation.size(), 1u);
  EXPECT_EQ(*t.creation[0].oldest_ns, 1800u) << "who waited then was there then";
  EXPECT_TRUE(t.creation[0].oldest_is_lower_bound);
}

TEST_F(Reconcile, a_wait_from_the_future_is_not_believed) {
  GoroutineSnapshot g = seen(1, GStatus::kWaiting, 1150, kChanReceive);
  g.waited_at_ns = ~0ull;
  look(1100, 1200, {g});
  EXPECT_EQ(*tables(2000).blocking[0].oldest_ns, 1000u);
}

TEST_F(Reconcile, events_after_a_goroutine_was_read_stand_against_the_snapshot) {
  run(1180, 1);
  look(1100, 1200, {seen(1, GStatus::kWaiting, 1150, kChanReceive)});
  const Tables t = tables(2000);
  EXPECT_TRUE(t.blocking.empty());
  EXPECT_EQ(now_in(t, GState::kRunning), 1u);
}

TEST_F(Reconcile, a_goroutine_that_exited_after_it_was_read_is_not_revived) {
  create(1050, 1);
  run(1060, 1);
  exit(1180, 1);
  look(1100, 1200, {seen(1, GStatus::kRunning, 1150)});
  const Tables t = tables(2000);
  EXPECT_EQ(t.live, 0u);
  EXPECT_EQ(t.created, 1u);
  EXPECT_EQ(t.exited, 1u);
}

TEST_F(Reconcile, a_goroutine_on_its_way_out_when_the_look_began_is_not_revived) {
  look(1010, 1020, {});
  create(1050, 1);
  run(1060, 1);
  exit(1090, 1);  // seen at the entry of goexit0; the status still says running
  look(1100, 1200, {seen(1, GStatus::kRunning, 1150)});
  look(1300, 1400, {});
  const Tables t = tables(2000);
  EXPECT_EQ(t.live, 0u);
  EXPECT_EQ(t.created, 1u);
  EXPECT_EQ(t.exited, 1u);
}

TEST_F(Reconcile, known_but_absent_ones_are_ended_unless_made_since) {
  create(1050, 1);
  create(1150, 2);
  look(1100, 1200, {});
  const Tables t = tables(2000);
  EXPECT_EQ(t.live, 1u);
  EXPECT_EQ(t.exited, 1u);
}

TEST_F(Reconcile, after_a_gap_the_snapshot_brings_the_states_back) {
  create(2000, 1);
  run(2100, 1);
  park(2200, 1);
  gap(2500, 2600);
  look(3000, 3100, {seen(1, GStatus::kWaiting, 3050, kChanReceive)});
  const Tables t = tables(4000);
  EXPECT_EQ(t.blocking[0].tainted, 1u);
  EXPECT_EQ(t.blocking[0].blocked_now, 1u);
  EXPECT_EQ(t.blocking[0].in_window_ns, 300u + 1400u);
  EXPECT_EQ(in(t, GState::kUnknown), 100u);
  EXPECT_TRUE(t.blocking[0].oldest_is_lower_bound);
}

TEST_F(Reconcile, a_snapshot_read_inside_a_gap_says_nothing_about_states) {
  create(2000, 1);
  run(2100, 1);
  gap(2500, 3500);
  look(3000, 3100, {seen(1, GStatus::kWaiting, 3050, kChanReceive)});
  EXPECT_EQ(now_in(tables(4000), GState::kUnknown), 1u);
}

TEST_F(Reconcile, goroutines_in_a_syscall_have_rows_without_the_syscall_group) {
  create(2000, 1);
  run(2100, 1);
  look(3000, 3100, {seen(1, GStatus::kSyscall, 3050, kZero, 6)});
  Tables t = tables(4000);
  ASSERT_EQ(t.blocking.size(), 1u);
  EXPECT_TRUE(t.blocking[0].in_syscall);
  EXPECT_EQ(t.blocking[0].blocked_now, 1u);
  EXPECT_EQ(t.blocking[0].in_window_ns, 950u);
  EXPECT_TRUE(t.blocking[0].oldest_is_lower_bound);
  EXPECT_EQ(now_in(t, GState::kSyscall), 1u);
  park(5000, 1);
  t = tables(6000);
  EXPECT_EQ(t.blocking[0].ended_unknown, 1u);
  EXPECT_EQ(t.illegal, 0u);
}

TEST_F(Reconcile, status_waiting_of_one_that_runs_is_not_believed) {
  create(2000, 1);
  run(2100, 1);
  look(3000, 3100, {seen(1, GStatus::kWaiting, 3050, kGcWorker)});
  EXPECT_EQ(now_in(tables(4000), GState::kRunning), 1u);
}

TEST_F(Reconcile, creation_arriving_behind_the_first_events_is_counted_once) {
  look(1100, 1200, {});
  run(2100, 1);
  create(2000, 1);
  const Tables t = tables(3000);
  EXPECT_EQ(t.created, 1u);
  EXPECT_EQ(t.creation.at(0).created, 1u);
  EXPECT_EQ(t.creation[0].live, 1u);
  EXPECT_EQ(t.live, 1u);
}

TEST_F(Reconcile, system_goroutine_known_only_by_its_events_moves_out_when_the_memory_names_it) {
  run(1100, 1);
  GoroutineSnapshot g = seen(1, GStatus::kRunning, 1250);
  g.startpc = kSystemStart;
  look(1200, 1300, {g});
  const Tables t = tables(2000);
  EXPECT_EQ(t.live, 0u);
  EXPECT_EQ(t.system, 1u);
}

// oneNewExtraM makes them ahead and idle: created and system; a C thread takes one: live, no system one any
// more.
TEST_F(Reconcile, goroutines_made_for_c_threads_are_counted_by_the_looks) {
  const auto look_with = [&](std::uint64_t at, std::size_t extra, std::vector<GoroutineSnapshot> goroutines) {
    Snapshot s;
    s.goroutines = std::move(goroutines);
    s.counts.begin_ns = at;
    s.counts.end_ns = at + 100;
    s.counts.extra = extra;
    model.apply(s);
  };
  GoroutineSnapshot taken = seen(17, GStatus::kSyscall, 3050);
  taken.gopc = taken.startpc = 0;
  look_with(1100, 1, {});
  EXPECT_EQ(tables(1300).created, 0u);  // from before
  hook(GT_HOOK_EXTRA_IN, 2000, 17);
  look_with(3000, 2, {taken});
  Tables t = tables(4000);
  EXPECT_EQ(t.created, 1u);
  EXPECT_EQ(t.created_system, 1u);
  EXPECT_EQ(t.of_c_threads, 1u);
  EXPECT_EQ(t.live, 1u);
  hook(GT_HOOK_EXTRA_OUT, 5000, 17);
  look_with(6000, 2, {});
  t = tables(7000);
  EXPECT_EQ(t.created, 1u);
  EXPECT_EQ(t.exited, 0u);
  EXPECT_EQ(t.of_c_threads, 0u);
  EXPECT_EQ(t.live, 0u);
}

TEST_F(Reconcile, goroutine_of_a_c_thread_that_events_brought_is_no_creation) {
  look(1100, 1200, {});
  run(2000, 17);  // its needm was missed
  EXPECT_EQ(tables(2100).created, 1u);
  GoroutineSnapshot taken = seen(17, GStatus::kRunning, 3050);
  taken.gopc = taken.startpc = 0;
  look(3000, 3100, {taken});
  EXPECT_EQ(tables(3200).created, 0u);
  EXPECT_EQ(tables(3200).of_c_threads, 1u);
  hook(GT_HOOK_EXTRA_OUT, 4000, 17);
  hook(GT_HOOK_EXTRA_OUT, 4100, 18);  // nobody saw this one come
  const Tables t = tables(5000);
  EXPECT_EQ(t.created + t.exited + t.live + t.of_c_threads, 0u);
}

TEST_F(Reconcile, without_probes_repeated_looks_give_states_rows_and_lower_bounds) {
  Model alone(test_config());
  const auto at = [&](std::uint64_t begin, std::vector<GoroutineSnapshot> goroutines) {
    Snapshot s;
    s.goroutines = std::move(goroutines);
    s.counts.begin_ns = begin;
    s.counts.end_ns = begin + 100;
    alone.apply(s);
  };
  at(1000, {seen(1, GStatus::kWaiting, 1050, kChanReceive), seen(2, GStatus::kRunning, 1050)});
  at(2000, {seen(1, GStatus::kWaiting, 2050, kChanReceive), seen(2, GStatus::kWaiting, 2050, kSleep, 8),
            seen(3, GStatus::kRunnable, 2050)});
  at(3000, {seen(1, GStatus::kRunning, 3050), seen(2, GStatus::kWaiting, 3050, kSleep, 8)});
  const Tables t = alone.tables(4000);
  EXPECT_EQ(t.live, 2u);
  EXPECT_EQ(t.created, 1u);
  EXPECT_EQ(t.exited, 1u);
  ASSERT_EQ(t.blocking.size(), 2u);
  EXPECT_EQ(t.blocking[0].ended_unknown, 1u);
  EXPECT_EQ(t.blocking[0].in_window_ns, 2000u);
  EXPECT_EQ(t.blocking[1].blocked_now, 1u);
  EXPECT_EQ(*t.blocking[1].oldest_ns, 0u) << "it may have run since the last look, and before it";
  EXPECT_TRUE(t.blocking[1].oldest_is_lower_bound);
  EXPECT_EQ(t.creation.at(0).live, 2u);
  EXPECT_EQ(t.creation[0].created, 1u);
  EXPECT_EQ(std::accumulate(t.state_ns.begin(), t.state_ns.end(), std::uint64_t{0}), t.live_integral_ns);
}

// A target that is gone is not looked at again: what stood then is not known to have stood to the end.
TEST_F(Reconcile, without_probes_a_wait_is_known_up_to_the_last_look_only) {
  Model alone(test_config());
  GoroutineSnapshot old = seen(1, GStatus::kWaiting, 1050, kChanReceive);
  old.waited_at_ns = 300;
  Snapshot s;
  s.goroutines = {old, seen(2, GStatus::kWaiting, 1060, kSleep, 8)};
  s.counts.begin_ns = 1000;
  s.counts.end_ns = 1100;
  alone.apply(s);
  const Tables t = alone.tables(9000);
  ASSERT_EQ(t.blocking.size(), 2u);
  EXPECT_EQ(*t.blocking[0].oldest_ns, 700u) << "a collection found it waiting, and so did the look";
  EXPECT_EQ(*t.blocking[1].oldest_ns, 0u);
}

TEST_F(Reconcile, a_stack_that_could_not_be_read_ends_no_wait) {
  look(1100, 1200,
       {seen(1, GStatus::kWaiting, 1150, kChanReceive), seen(2, GStatus::kWaiting, 1150, kSleep, 0)});
  look(2100, 2200,
       {seen(1, GStatus::kWaiting, 2150, kChanReceive, 0), seen(2, GStatus::kWaiting, 2150, kSleep, 8)});
  const Tables t = tables(3000);
  ASSERT_EQ(t.blocking.size(), 3u) << "the row without a stack is left empty";
  std::uint64_t blocked = 0;
  for (const BlockingRow& row : t.blocking) {
    EXPECT_EQ(row.ended_unknown, 0u);
    EXPECT_EQ(row.blocked_now, row.stack == 0 ? 0u : 1u) << row.stack;
    EXPECT_EQ(row.in_window_ns, row.stack == 0 ? 0u : 2000u) << row.stack;
    blocked += row.blocked_now;
  }
  EXPECT_EQ(blocked, 2u);
}

TEST_F(Reconcile, a_look_that_did_not_reach_all_ends_nobody) {
  EXPECT_FALSE(tables(1050).looked);
  Snapshot part = snapshot(1100, 1200, {seen(1, GStatus::kWaiting, 1150, kChanReceive)});
  part.counts.not_reached = 1;
  model.apply(part);
  Tables t = tables(1300);
  EXPECT_FALSE(t.looked) << "of those from before the window one may be missing";
  EXPECT_EQ(t.live, 1u);
  look(1400, 1500,
       {seen(1, GStatus::kWaiting, 1450, kChanReceive), seen(2, GStatus::kWaiting, 1450, kChanReceive)});
  t = tables(1600);
  EXPECT_TRUE(t.looked);
  EXPECT_EQ(t.live, 2u);
  EXPECT_EQ(t.created, 0u) << "it was there all the time";
  part = snapshot(1700, 1800, {seen(2, GStatus::kWaiting, 1750, kChanReceive)});
  part.counts.not_reached = 1;
  model.apply(part);
  EXPECT_EQ(tables(1900).live, 2u);
  look(2000, 2100, {seen(2, GStatus::kWaiting, 2050, kChanReceive)});
  EXPECT_EQ(tables(2200).live, 1u);
}

// A look that took so long that exits of its time are forgotten says nothing of those that it read early on.
TEST_F(Reconcile, a_look_that_took_too_long_is_not_the_whole) {
  constexpr std::uint64_t s = 1'000'000'000;
  create(1000, 7);
  exit(2000, 7);
  create(40 * s, 8);
  exit(41 * s, 8);
  look(1500, 50 * s,
       {seen(1, GStatus::kWaiting, 1600, kChanReceive), seen(7, GStatus::kRunning, 1600),
        seen(2, GStatus::kWaiting, 45 * s, kChanReceive)});
  Tables t = tables(51 * s);
  EXPECT_EQ(t.live, 1u) << "7 has exited, and so may 1";
  EXPECT_FALSE(t.looked);
  look(51 * s, 52 * s,
       {seen(1, GStatus::kWaiting, 51 * s, kChanReceive), seen(2, GStatus::kWaiting, 51 * s, kChanReceive)});
  t = tables(53 * s);
  EXPECT_EQ(t.live, 2u);
  EXPECT_TRUE(t.looked);
}

}  // namespace
}  // namespace gorotrace
