#include "trace.h"

namespace gorotrace {
namespace {

using Transitions = ModelTest;

TEST_F(Transitions, park_then_ready_then_execute_gives_one_wait_and_one_latency) {
  create(2000, 1);
  run(2100, 1);
  park(2300, 1);
  ready(2800, 1, 42);
  run(2850, 1);
  const Tables t = tables(3000);
  ASSERT_EQ(t.blocking.size(), 1u);
  EXPECT_EQ(t.blocking[0].waits.count(), 1u);
  EXPECT_EQ(t.blocking[0].waits.total(), 500u);
  EXPECT_EQ(t.blocking[0].in_window_ns, 500u);
  EXPECT_EQ(t.blocking[0].blocked_now, 0u);
  ASSERT_EQ(t.blocking[0].wakers.size(), 1u);
  EXPECT_EQ(t.blocking[0].wakers[0].stack, 42u);
  EXPECT_EQ(t.latency.histogram.count(), 1u);
  EXPECT_EQ(t.latency.histogram.total(), 50u);
  EXPECT_EQ(t.latency.inferred, 0u);
  EXPECT_EQ(in(t, GState::kRunning), 200u + 150u);
  EXPECT_EQ(in(t, GState::kRunnable), 100u + 50u);
  EXPECT_EQ(in(t, GState::kWaiting), 500u);
  EXPECT_EQ(t.illegal, 0u);
  EXPECT_EQ(t.parks, 1u);
  EXPECT_EQ(t.unparks, 1u);
}

TEST_F(Transitions, execute_of_a_waiting_one_is_an_inferred_unpark_without_latency) {
  create(2000, 1);
  run(2100, 1);
  park(2200, 1, kIoWait);
  run(2700, 1);
  const Tables t = tables(3000);
  EXPECT_EQ(t.blocking[0].waits.total(), 500u);
  EXPECT_EQ(t.latency.inferred, 1u);
  EXPECT_EQ(t.latency.histogram.count(), 0u);
  EXPECT_EQ(t.unparks, 1u);
  EXPECT_EQ(t.blocking[0].wakers[0].kind, WakerKind::kNetpoll);
  EXPECT_EQ(t.illegal, 0u);
}

TEST_F(Transitions, execute_of_a_running_one_makes_the_time_since_unknown) {
  create(2000, 1);
  run(2100, 1);
  run(2900, 1);
  const Tables t = tables(3000);
  EXPECT_EQ(in(t, GState::kUnknown), 800u);
  EXPECT_EQ(in(t, GState::kRunning), 100u);
  EXPECT_EQ(t.illegal, 0u);
}

TEST_F(Transitions, execute_of_a_running_one_is_illegal_when_syscalls_are_seen) {
  groups({GT_GROUP_SYSCALL}, 1500);
  create(2000, 1);
  run(2100, 1);
  run(2900, 1);
  EXPECT_EQ(tables(3000).illegal, 1u);
}

TEST_F(Transitions, slow_syscall_exit_waits_for_a_p_and_is_no_latency) {
  groups({GT_GROUP_SYSCALL}, 1500);
  create(2000, 1);
  run(2000, 1);
  hook(GT_HOOK_SYSCALL_ENTER, 2100, 1, 6);
  hook(GT_HOOK_SYSCALL_EXIT, 2400, 1);
  hook(GT_HOOK_SYSCALL_EXIT_SLOW, 2410, 1);
  run(2500, 1);
  const Tables t = tables(3000);
  EXPECT_EQ(t.illegal, 0u);
  EXPECT_EQ(t.syscalls, 1u);
  EXPECT_EQ(in(t, GState::kSyscall), 300u);
  EXPECT_EQ(in(t, GState::kRunnable), 90u);
  EXPECT_EQ(t.latency.histogram.count(), 0u);
  ASSERT_EQ(t.blocking.size(), 1u);
  EXPECT_TRUE(t.blocking[0].in_syscall);
  EXPECT_EQ(t.blocking[0].waits.total(), 300u);
}

TEST_F(Transitions, yield_is_no_wait_and_no_latency) {
  create(2000, 1);
  run(2100, 1);
  hook(GT_HOOK_YIELD, 2200, 1, 3);
  run(2300, 1);
  const Tables t = tables(3000);
  EXPECT_TRUE(t.blocking.empty());
  EXPECT_EQ(t.latency.histogram.count(), 0u);
  EXPECT_EQ(in(t, GState::kRunnable), 200u);
}

TEST_F(Transitions, suspend_waits_for_the_reason_preempted_until_ready) {
  create(2000, 1);
  run(2100, 1);
  hook(GT_HOOK_SUSPEND, 2200, 1, 3);
  ready(2600, 1);
  const Tables t = tables(3000);
  ASSERT_EQ(t.blocking.size(), 1u);
  EXPECT_EQ(t.blocking[0].reason, kPreempted);
  EXPECT_EQ(t.blocking[0].waits.total(), 400u);
  EXPECT_EQ(t.parks, 0u);
}

TEST_F(Transitions, exit_of_a_goroutine_nobody_saw_counts_at_its_creation_site) {
  gt_record r = event(GT_HOOK_EXIT, 2000, 1);
  r.object = 0x4100;
  r.extra = 0x4000;
  apply(r);
  r.goid = 2;
  r.extra = kSystemStart;
  apply(r);
  const Tables t = tables(3000);
  ASSERT_EQ(t.creation.size(), 2u);
  EXPECT_EQ(t.creation[0].exited, 1u);
  EXPECT_EQ(t.creation[0].created + t.creation[0].live + t.creation[1].created, 0u);
  EXPECT_EQ(t.creation[1].exited, 1u);
  EXPECT_TRUE(t.creation[1].system);
  EXPECT_EQ(t.exited, 2u);
  EXPECT_EQ(t.exited_system, 1u);
  EXPECT_EQ(t.live + t.system, 0u);
}

TEST_F(Transitions, coroutine_switches_straight_into_running) {
  gt_record born = event(GT_HOOK_CREATE_CORO, 2000, 2);
  born.extra = 0x4000;
  apply(born);
  create(2000, 1);
  run(2050, 1);
  hook(GT_HOOK_CORO_OUT, 2100, 1, 3);
  hook(GT_HOOK_CORO_IN, 2101, 2);
  gt_record ends = event(GT_HOOK_CORO_OUT, 2300, 2);
  ends.flags = GT_REC_ENDS;
  apply(ends);
  hook(GT_HOOK_CORO_IN, 2301, 1);
  const Tables t = tables(3000);
  EXPECT_EQ(t.illegal, 0u);
  EXPECT_EQ(t.created, 2u);
  EXPECT_EQ(t.exited, 1u);
  EXPECT_EQ(now_in(t, GState::kRunning), 1u);
  EXPECT_EQ(t.latency.histogram.count() + t.latency.inferred, 0u);
  std::uint64_t total = 0;
  for (const BlockingRow& row : t.blocking) {
    EXPECT_EQ(row.reason, kCoroutine);
    total += row.waits.total();
  }
  EXPECT_EQ(total, 101u + 201u);
}

TEST_F(Transitions, goroutine_of_a_c_thread_comes_and_goes_under_one_goid_without_being_created) {
  for (std::uint64_t t = 2000; t < 5000; t += 1000) {
    hook(GT_HOOK_EXTRA_IN, t, 17);
    run(t + 100, 17);
    hook(GT_HOOK_EXTRA_OUT, t + 500, 17);
  }
  const Tables t = tables(6000);
  EXPECT_EQ(t.created, 0u);
  EXPECT_EQ(t.exited, 0u);
  EXPECT_EQ(t.live, 0u);
  EXPECT_EQ(t.live_integral_ns, 1500u);
  EXPECT_EQ(t.illegal, 0u);
}

TEST_F(Transitions, exit_without_create_counts_and_lived_since_the_window_began) {
  exit(2500, 99);
  const Tables t = tables(3000);
  EXPECT_EQ(t.exited, 1u);
  EXPECT_EQ(t.created, 0u);
  EXPECT_EQ(t.live, 0u);
  EXPECT_EQ(in(t, GState::kUnknown), 1500u);
}

TEST_F(Transitions, wake_up_of_a_running_one_is_illegal_and_survived) {
  create(2000, 1);
  run(2100, 1);
  ready(2200, 1);
  exit(2300, 1);
  const Tables t = tables(3000);
  EXPECT_GE(t.illegal, 1u);
  EXPECT_EQ(t.live, 0u);
}

TEST_F(Transitions, hooks_that_do_not_exist_and_goid_zero_are_counted) {
  gt_record r = event(GT_HOOK_PARK, 2000, 1);
  r.hook = 200;
  apply(r);
  park(2100, 0);
  EXPECT_EQ(tables(3000).illegal, 2u);
  EXPECT_EQ(tables(3000).live, 0u);
}

TEST_F(Transitions, runtime_wakers_are_named_by_what_was_waited_for) {
  for (const auto& [goid, reason, kind] :
       std::vector<std::tuple<std::uint64_t, Reason, WakerKind>>{{1, kIoWait, WakerKind::kNetpoll},
                                                                 {2, kSleep, WakerKind::kTimer},
                                                                 {3, kChanReceive, WakerKind::kTimer},
                                                                 {4, kGcWorker, WakerKind::kGc},
                                                                 {5, kSemacquire, WakerKind::kRuntime}}) {
    run(2000, goid);
    park(2100, goid, reason, 100 + goid);
    ready(2200, goid, 0, GT_ACTOR_RUNTIME);
    const Tables t = tables(2200);
    EXPECT_EQ(t.blocking.back().wakers.at(0).kind, kind) << goid;
  }
}

TEST_F(Transitions, wakers_beyond_the_top_are_summed) {
  for (std::uint64_t i = 0; i < 50; ++i) {
    run(2000 + i * 10, 1);
    park(2001 + i * 10, 1);
    ready(2002 + i * 10, 1, 1000 + i);
  }
  const Tables t = tables(3000);
  std::uint64_t sum = t.blocking[0].wakers_other;
  EXPECT_EQ(t.blocking[0].wakers.size(), Model::kTopWakers);
  for (const WakerRow& w : t.blocking[0].wakers) sum += w.count;
  EXPECT_EQ(sum, 50u);
}

TEST_F(Transitions, creation_sites_count_live_created_exited_and_stacks) {
  create(2000, 1, 0x4000, 71);
  create(2100, 2, 0x4000, 72);
  create(2200, 3, 0x4000, 72);
  run(2300, 2);
  exit(2400, 2);
  const Tables t = tables(3000);
  ASSERT_EQ(t.creation.size(), 1u);
  EXPECT_EQ(t.creation[0].created, 3u);
  EXPECT_EQ(t.creation[0].exited, 1u);
  EXPECT_EQ(t.creation[0].live, 2u);
  EXPECT_EQ(*t.creation[0].oldest_ns, 1000u);
  EXPECT_FALSE(t.creation[0].oldest_is_lower_bound);
  ASSERT_EQ(t.creation[0].stacks.size(), 2u);
  EXPECT_EQ(t.creation[0].stacks[0].created, 2u);
}

TEST_F(Transitions, a_row_of_waits_knows_the_site_that_made_all_its_goroutines) {
  create(2000, 1, 0x4000, 71);
  create(2100, 2, 0x4000, 72);
  create(2200, 3, 0x4100, 72);
  for (const std::uint64_t goid : {1, 2, 3}) run(2300, goid);
  park(2400, 1, kChanReceive, 10);
  park(2400, 2, kChanReceive, 10);
  const auto site = [](const Tables& t) { return t.blocking.at(0).startpc; };
  EXPECT_EQ(site(tables(2500)), 0x4000u);
  park(2600, 3, kChanReceive, 10);
  EXPECT_EQ(site(tables(2700)), 0u) << "of two sites";
  ready(2800, 1, 3);
  run(2900, 1);
  park(2950, 1, kChanReceive, 10);
  EXPECT_EQ(site(tables(3000)), 0u) << "for good";
}

TEST_F(Transitions, system_goroutines_stay_out_of_live_and_goroutine_seconds) {
  create(2000, 1);
  create(2000, 2, kSystemStart);
  run(2100, 2);
  const Tables t = tables(3000);
  EXPECT_EQ(t.live, 1u);
  EXPECT_EQ(t.system, 1u);
  EXPECT_EQ(t.created, 2u);
  EXPECT_EQ(t.created_system, 1u);
  EXPECT_EQ(t.live_integral_ns, 1000u);
}

TEST_F(Transitions, late_park_behind_a_later_event_opens_no_wait) {
  create(2000, 1);
  run(2100, 1);
  ready(2500, 1);
  park(2400, 1);
  const Tables t = tables(3000);
  EXPECT_EQ(t.late, 1u);
  EXPECT_EQ(t.blocking.at(0).blocked_now, 0u);
  EXPECT_EQ(t.blocking[0].ended_unknown, 1u);
}

TEST_F(Transitions, open_wait_counts_as_blocked_now_with_its_exact_age) {
  create(2000, 1);
  run(2100, 1);
  park(2200, 1);
  const Tables t = tables(3000);
  EXPECT_EQ(t.blocking[0].blocked_now, 1u);
  EXPECT_EQ(*t.blocking[0].oldest_ns, 800u);
  EXPECT_FALSE(t.blocking[0].oldest_is_lower_bound);
  EXPECT_EQ(t.blocking[0].in_window_ns, 800u);
  EXPECT_EQ(t.blocking[0].waits.count(), 0u);
}

}  // namespace
}  // namespace gorotrace
