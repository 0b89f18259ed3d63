// Which waits go on, of each goroutine: only what was watched without a gap is claimed.
#include "trace.h"

namespace gorotrace {
namespace {

class OpenWaitsTest : public ModelTest {
 protected:
  // By goid; {0, ...} when that goroutine has none.
  OpenWait of(std::uint64_t goid, std::uint64_t at) {
    for (const OpenWait& w : model.open_waits(at).waits) {
      if (w.goid == goid) return w;
    }
    return {};
  }
};

TEST_F(OpenWaitsTest, begin_at_the_park_and_end_with_the_wake_up) {
  create(2000, 1);
  run(2100, 1);
  EXPECT_TRUE(model.open_waits(2150).waits.empty());
  park(2200, 1, kSleep);
  const OpenWait w = of(1, 9000);
  EXPECT_EQ(w.since_ns, 2200u);
  EXPECT_TRUE(w.park_seen);
  EXPECT_EQ(w.reason, kSleep);
  EXPECT_FALSE(w.in_syscall);
  EXPECT_TRUE(model.open_waits(2200).waits.empty()) << "it has not lasted any time then";
  ready(9500, 1);
  EXPECT_TRUE(model.open_waits(9600).waits.empty());
}

TEST_F(OpenWaitsTest, from_before_the_attach_are_proven_by_the_absence_of_events) {
  GoroutineSnapshot old = seen(1, GStatus::kWaiting, 3000, kChanReceive);
  old.waited_at_ns = 100;  // what collections say is theirs to say
  look(2900, 3100, {old});
  EXPECT_EQ(of(1, 9000).since_ns, kStart);
  EXPECT_FALSE(of(1, 9000).park_seen);
}

TEST_F(OpenWaitsTest, after_an_event_the_absence_begins_there) {
  create(2000, 1);
  run(2100, 1);
  park(2200, 1);
  gap(2500, 2600);
  look(3900, 4100, {seen(1, GStatus::kWaiting, 4000, kChanReceive)});
  const OpenWait w = of(1, 9000);
  EXPECT_EQ(w.since_ns, 2600u) << "it may have run in the gap";
  EXPECT_FALSE(w.park_seen);
}

TEST_F(OpenWaitsTest, a_gap_since_the_park_leaves_nothing) {
  create(2000, 1);
  run(2100, 1);
  park(2200, 1);
  gap(2500, 2600);
  EXPECT_TRUE(model.open_waits(9000).waits.empty());
}

TEST_F(OpenWaitsTest, without_the_block_group_there_are_none) {
  create(2000, 1);
  run(2100, 1);
  park(2200, 1);
  model.group(GT_GROUP_BLOCK, false, 3000);
  look(3900, 4100, {seen(1, GStatus::kWaiting, 4000, kChanReceive)});
  EXPECT_TRUE(model.open_waits(9000).waits.empty());
  model.group(GT_GROUP_BLOCK, true, 5000);
  look(5900, 6100, {seen(1, GStatus::kWaiting, 6000, kChanReceive)});
  EXPECT_EQ(of(1, 9000).since_ns, 5000u);
}

TEST_F(OpenWaitsTest, tell_when_each_moved_last_even_across_a_gap) {
  look(1900, 1950, {seen(7, GStatus::kWaiting, 1920, kChanReceive)});
  create(2000, 1);
  run(2100, 1);
  park(2200, 1);
  gap(2500, 2600);
  const auto moves = model.open_waits(9000).moves;
  ASSERT_EQ(moves.size(), 1u) << "of 7 no event came";
  EXPECT_EQ(moves[0].goid, 1u);
  EXPECT_EQ(moves[0].at_ns, 2200u);
}

TEST_F(OpenWaitsTest, system_calls_only_while_their_group_is_on) {
  look(1900, 2100, {seen(1, GStatus::kSyscall, 2000)});
  look(2900, 3100, {seen(1, GStatus::kSyscall, 3000)});
  EXPECT_TRUE(model.open_waits(9000).waits.empty()) << "it may have come back and gone again";
  groups({GT_GROUP_SYSCALL}, 4000);
  look(4900, 5100, {seen(1, GStatus::kSyscall, 5000)});
  EXPECT_EQ(of(1, 9000).since_ns, 4000u);
  EXPECT_TRUE(of(1, 9000).in_syscall);
  hook(GT_HOOK_SYSCALL_EXIT, 9500, 1);
  hook(GT_HOOK_SYSCALL_ENTER, 9600, 1);
  EXPECT_EQ(of(1, 9900).since_ns, 9600u);
  EXPECT_TRUE(of(1, 9900).park_seen);
}

TEST_F(OpenWaitsTest, are_counted_by_their_length_without_those_of_the_runtime) {
  using Counts = std::vector<std::uint64_t>;
  const std::vector<std::uint64_t> than = {0, 1000, 5000};
  EXPECT_EQ(model.waiting_longer(2000, than), (Counts{0, 0, 0}));
  for (std::uint64_t goid = 1; goid <= 3; ++goid) {
    create(2000, goid);
    run(2100, goid);
    park(2000 + 1000 * goid, goid);
  }
  create(2000, 9, kSystemStart);
  run(2100, 9);
  park(2200, 9);
  EXPECT_EQ(model.waiting_longer(6000, than), (Counts{3, 2, 0})) << "one waits for exactly 1000";
  EXPECT_EQ(model.waiting_longer(6001, than), (Counts{3, 3, 0}));
  EXPECT_EQ(model.waiting_longer(8001, than), (Counts{3, 3, 1}));
  ready(8500, 1);
  EXPECT_EQ(model.waiting_longer(9500, than), (Counts{2, 2, 1}));
  model.group(GT_GROUP_BLOCK, false, 9600);
  EXPECT_FALSE(model.waiting_longer(9700, than)) << "nobody knows";
}

}  // namespace
}  // namespace gorotrace
