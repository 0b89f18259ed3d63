// Without the run group nothing tells who runs and who waits for a CPU; waits are as exact as with it.
#include "random_trace.h"

namespace gorotrace {
namespace {

class BlockAlone : public ModelTest {
 protected:
  BlockAlone() { model.group(GT_GROUP_RUN, false, kStart); }
};

TEST_F(BlockAlone, WaitsNeedNoExecute) {
  create(2000, 1);
  park(2200, 1);
  ready(2800, 1, 42);
  park(2900, 1);
  const Tables t = tables(3000);
  EXPECT_EQ(t.illegal, 0u);
  ASSERT_EQ(t.blocking.size(), 1u);
  EXPECT_EQ(t.blocking[0].waits.count(), 1u);
  EXPECT_EQ(t.blocking[0].waits.total(), 600u);
  EXPECT_EQ(t.blocking[0].blocked_now, 1u);
  EXPECT_EQ(in(t, GState::kAwake), 200u + 100u);
  EXPECT_EQ(in(t, GState::kWaiting), 600u + 100u);
  EXPECT_EQ(in(t, GState::kRunning) + in(t, GState::kRunnable) + in(t, GState::kUnknown), 0u);
  EXPECT_EQ(now_in(t, GState::kWaiting), 1u);
  EXPECT_EQ(t.creation[0].runnable_ns, 0u);
}

// park_m, whose unlock function said no: on one thread, one after the other, and nobody else's doing.
TEST_F(BlockAlone, AWakeUpByTheSchedulerIsTheRuntimes) {
  create(2000, 1);
  park(2200, 1, kIoWait);
  ready(2201, 1, 0, GT_ACTOR_RUNTIME);
  const Tables t = tables(3000);
  EXPECT_EQ(t.blocking[0].waits.total(), 1u);
  ASSERT_EQ(t.blocking[0].wakers.size(), 1u);
  EXPECT_EQ(t.blocking[0].wakers[0].kind, WakerKind::kNetpoll);
  EXPECT_EQ(t.unparks, 1u);
  EXPECT_EQ(t.latency.inferred, 0u);
}

// A binary that hides the scheduler's wake-ups has execute in the block group.
TEST_F(BlockAlone, ExecuteStillTellsWakeUpsThatAreHidden) {
  create(2000, 1);
  run(2050, 1);
  park(2200, 1, kIoWait);
  run(2700, 1);
  const Tables t = tables(3000);
  EXPECT_EQ(t.blocking[0].waits.total(), 500u);
  EXPECT_EQ(t.latency.inferred, 1u);
  EXPECT_EQ(t.latency.histogram.count(), 0u);
  EXPECT_EQ(in(t, GState::kAwake), 200u + 300u);
  EXPECT_EQ(t.illegal, 0u);
}

TEST_F(BlockAlone, AWakeUpOfOneThatIsAwakeIsIllegal) {
  create(2000, 1);
  ready(2100, 1);
  EXPECT_EQ(tables(3000).illegal, 1u);
}

TEST_F(BlockAlone, OneThatSwitchedToItIsAwake) {
  gt_record born = event(GT_HOOK_CREATE_CORO, 2000, 2);
  born.extra = 0x4000;
  apply(born);
  hook(GT_HOOK_CORO_IN, 2100, 2);
  const Tables t = tables(2500);
  EXPECT_EQ(in(t, GState::kWaiting), 100u);
  EXPECT_EQ(in(t, GState::kAwake), 400u);
  EXPECT_EQ(t.illegal, 0u);
}

TEST_F(BlockAlone, MemoryThatShowsOneRunningProvesThatItDidNotWait) {
  look(1500, 1600, {seen(1, GStatus::kRunning, 1550), seen(2, GStatus::kRunnable, 1550)});
  const Tables t = tables(2000);
  EXPECT_EQ(in(t, GState::kAwake), 2u * (2000 - kStart));
  EXPECT_EQ(in(t, GState::kRunning) + in(t, GState::kRunnable), 0u);
}

TEST_F(BlockAlone, MemoryTellsOfASyscall) {
  create(2000, 1);
  look(2500, 2600, {seen(1, GStatus::kSyscall, 2550)});
  const Tables t = tables(3000);
  EXPECT_EQ(now_in(t, GState::kSyscall), 1u);
  EXPECT_EQ(in(t, GState::kAwake), 550u);
}

// GC and stopTheWorld say "waiting" of a goroutine that they have not parked (casGToWaiting).
TEST_F(BlockAlone, MemoryThatShowsOneWaitingIsNotBelievedAgainstEvents) {
  create(2000, 1);
  look(2500, 2600, {seen(1, GStatus::kWaiting, 2550, kGcWorker)});
  const Tables t = tables(3000);
  EXPECT_EQ(now_in(t, GState::kAwake), 1u);
  EXPECT_TRUE(t.blocking.empty());
}

using RunGoes = ModelTest;

TEST_F(RunGoes, FromThenOnRunningAndRunnableAreOne) {
  create(2000, 1);
  create(2000, 2);
  run(2100, 1);
  look(2150, 2160,
       {seen(1, GStatus::kRunning, 2155), seen(2, GStatus::kRunnable, 2155),
        seen(3, GStatus::kRunnable, 2155)});
  model.group(GT_GROUP_RUN, false, 2500);
  ready(2600, 3);  // memory had it runnable: events decide
  park(2700, 1);
  const Tables t = tables(3000);
  EXPECT_EQ(in(t, GState::kRunning), 400u);
  EXPECT_EQ(in(t, GState::kRunnable), 100u + 500u + (2500 - kStart));
  EXPECT_EQ(in(t, GState::kAwake), 200u + 500u + 500u);
  EXPECT_EQ(in(t, GState::kWaiting), 300u);
  EXPECT_EQ(t.illegal, 0u);
  std::uint64_t runnable_ns = 0;
  for (const CreationRow& row : t.creation) runnable_ns += row.runnable_ns;
  EXPECT_EQ(runnable_ns, in(t, GState::kRunnable));
}

TEST_F(RunGoes, AndComesBack) {
  model.group(GT_GROUP_RUN, false, 1500);
  create(2000, 1);
  groups({GT_GROUP_RUN}, 2200);
  park(2300, 1);
  ready(2400, 1);
  run(2450, 1);
  const Tables t = tables(3000);
  EXPECT_EQ(in(t, GState::kAwake), 300u);
  EXPECT_EQ(in(t, GState::kRunnable), 50u);
  EXPECT_EQ(in(t, GState::kRunning), 550u);
  EXPECT_EQ(t.latency.histogram.count(), 1u);
}

// The same program as the kernel side tells of it without the run group: no execute, no yield, and of the
// scheduler's own wake-ups what its calls of casgstatus show.
class RandomBlockAlone : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(RandomBlockAlone, GivesTheSameWaits) {
  const Truth truth = play(GetParam(), 20000);
  Model model(test_config());
  for (const gt_group g : {GT_GROUP_LIFECYCLE, GT_GROUP_BLOCK, GT_GROUP_SYSCALL}) model.group(g, true, 1000);
  std::map<std::uint64_t, bool> parked;
  for (gt_record r : truth.events) {
    if (r.hook == GT_HOOK_YIELD) continue;
    if (r.hook == GT_HOOK_EXECUTE) {
      if (!parked[r.goid]) continue;
      r.hook = GT_HOOK_READY;
      r.flags = GT_ACTOR_RUNTIME;
    }
    parked[r.goid] = r.hook == GT_HOOK_PARK;
    model.apply(r);
  }
  const Tables t = model.tables(truth.end_ns);
  EXPECT_EQ(std::accumulate(t.state_ns.begin(), t.state_ns.end(), std::uint64_t{0}), t.live_integral_ns);
  EXPECT_EQ(t.illegal, 0u);
  EXPECT_EQ(t.latency.histogram.count() + t.latency.inferred, 0u);
  const auto in = [](const auto& ns, GState s) { return ns[static_cast<std::size_t>(s)]; };
  EXPECT_EQ(in(t.state_ns, GState::kWaiting), in(truth.state_ns, GState::kWaiting));
  EXPECT_EQ(in(t.state_ns, GState::kSyscall), in(truth.state_ns, GState::kSyscall));
  EXPECT_EQ(in(t.state_ns, GState::kAwake),
            in(truth.state_ns, GState::kRunning) + in(truth.state_ns, GState::kRunnable));
  std::size_t ended = 0;
  for (const BlockingRow& row : t.blocking) {
    if (row.waits.count() == 0) continue;
    ++ended;
    EXPECT_EQ(row.waits.total(), truth.waits.at(row.stack));
  }
  EXPECT_EQ(ended, truth.waits.size());
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomBlockAlone, testing::Range(std::uint64_t{1}, std::uint64_t{5}));

}  // namespace
}  // namespace gorotrace
