// What the models see of records, posts and losses: each in its place in time.
#include <chrono>
#include <thread>

#include "fixture.h"

namespace gorotrace {
namespace {

class Order : public StreamTest {
 protected:
  Order() { begin(kOne); }
};

TEST_F(Order, rings_are_merged_by_time_over_batches) {
  push({{numbered(event(GT_HOOK_EXECUTE, 2000, 1), 0), numbered(event(GT_HOOK_EXECUTE, 2600, 1), 0)},
        {numbered(park_event(2100, 1, kChanReceive, 5), 1)}},
       2200);
  push({{}, {numbered(event(GT_HOOK_READY, 2500, 1, 9), 1)}}, 3000);
  const Tables t = tables(kOne, 2999);
  EXPECT_EQ(t.illegal, 0u);
  EXPECT_EQ(t.late, 0u);
  ASSERT_EQ(t.blocking.size(), 1u);
  EXPECT_EQ(t.blocking[0].waits.total(), 400u);
  EXPECT_EQ(t.latency.histogram.total(), 100u);
  EXPECT_EQ(router.counts().received, 4u);
  EXPECT_EQ(router.counts().holes, 0u);
}

TEST_F(Order, an_answer_is_as_of_the_moment_asked_for) {
  push({{numbered(event(GT_HOOK_CREATE, 2000, 1), 0), numbered(event(GT_HOOK_CREATE, 2500, 2), 0)}}, 2100);
  std::thread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    push({{}}, 3000);
  });
  EXPECT_EQ(totals(kOne, 2400).created, 1u);
  EXPECT_EQ(totals(kOne, 2600).created, 2u);
  later.join();
}

TEST_F(Order, the_kernels_count_of_drops_taints_what_is_applied_behind_it) {
  push({{numbered(event(GT_HOOK_EXECUTE, 2000, 1), 0), numbered(park_event(2100, 1, kChanReceive, 5), 0)}},
       2200, drops(0, 2200));
  next_seq[1] += 3;  // lost on a CPU that sends nothing more
  push({{numbered(event(GT_HOOK_READY, 2500, 1, 9), 0)}}, 3000, drops(3, 3000));
  const Tables t = tables(kOne, 2999);
  EXPECT_EQ(t.gaps, 1u);
  EXPECT_EQ(t.blocking.at(0).waits.count(), 0u);
  EXPECT_EQ(t.blocking[0].tainted, 1u);
  // The hole shows up later: known by now, no second gap.
  push({{}, {numbered(event(GT_HOOK_EXECUTE, 3500, 1), 1)}}, 4000, drops(3, 4000));
  EXPECT_EQ(tables(kOne, 3999).gaps, 1u);
  EXPECT_EQ(router.counts().holes, 3u);
}

TEST_F(Order, a_hole_is_a_gap_when_the_kernel_was_not_asked) {
  push({{numbered(event(GT_HOOK_EXECUTE, 2000, 1), 0), numbered(park_event(2100, 1, kChanReceive, 5), 0)}},
       2200);
  next_seq[0] += 2;
  push({{numbered(event(GT_HOOK_READY, 2500, 1, 9), 0)}}, 3000);
  const Tables t = tables(kOne, 2999);
  EXPECT_EQ(t.gaps, 1u);
  EXPECT_EQ(t.blocking.at(0).waits.count(), 0u);
}

TEST_F(Order, a_late_number_is_no_loss_when_the_kernel_says_so) {
  gt_record slow = numbered(event(GT_HOOK_CREATE, 2900, 7), 0);
  push({{numbered(event(GT_HOOK_CREATE, 2000, 1), 0)}}, 2800, drops(0, 2800));
  push({{slow}}, 3000, drops(0, 3000));
  EXPECT_EQ(tables(kOne, 2999).gaps, 0u);
  EXPECT_EQ(router.counts().holes, 0u);
}

// As a session ends: the watermark is held, the end is posted, sites go one by one, and a ring that a thread
// held shut opens at last.
TEST_F(Order, a_window_ends_with_every_record_from_before_and_none_from_after) {
  const gt_record park = numbered(park_event(2100, 1, kChanReceive, 5), 1);
  const gt_record ready = numbered(event(GT_HOOK_READY, 2500, 1, 9), 1);
  push({{numbered(event(GT_HOOK_EXECUTE, 2000, 1), 0)}}, 2050);
  router.post({kOne, 3000, TargetEnded{}});
  push({{numbered(event(GT_HOOK_EXECUTE, 2600, 1), 0), numbered(park_event(2700, 1, kChanReceive, 5), 0)}},
       2050);
  push({{numbered(event(GT_HOOK_READY, 3100, 1, 9), 0), numbered(event(GT_HOOK_CREATE, 3200, 7), 0)}}, 2050);
  push({{}, {park, ready}}, 2050);
  push({{numbered(event(GT_HOOK_EXIT, 3300, 1), 0)}}, 9000);
  const Tables t = tables(kOne, 8000);
  EXPECT_EQ(t.at_ns, 3000u);
  EXPECT_EQ(t.late, 0u);
  EXPECT_EQ(t.illegal, 0u);
  EXPECT_EQ(t.live, 1u);
  EXPECT_EQ(t.parks, 2u);
  EXPECT_EQ(t.unparks, 1u);
  ASSERT_EQ(t.blocking.size(), 1u);
  EXPECT_EQ(t.blocking[0].waits.total(), 400u);
  EXPECT_EQ(t.blocking[0].blocked_now, 1u);
  EXPECT_EQ(t.blocking[0].oldest_ns, 300u);
  EXPECT_EQ(t.blocking[0].in_window_ns, 700u);
  const auto open = models.ask(8000, Ask::kOpenWaits);
  ASSERT_TRUE(open);
  ASSERT_EQ(open->at(kOne).open->waits.size(), 1u);
  EXPECT_EQ(open->at(kOne).open->waits[0].since_ns, 2700u);
  // Even later: counted, and late.
  push({{numbered(event(GT_HOOK_CREATE, 2900, 8), 0)}}, 10'000);
  EXPECT_EQ(totals(kOne, 9500).live, 2u);
  EXPECT_EQ(totals(kOne, 9500).late, 1u);
}

TEST_F(Order, a_loss_or_a_look_behind_the_end_changes_nothing) {
  push({{numbered(event(GT_HOOK_EXECUTE, 2000, 1), 0), numbered(park_event(2100, 1, kChanReceive, 5), 0)}},
       2200, drops(0, 3500));
  router.post({kOne, 3000, TargetEnded{}});
  push({{}}, 4000, drops(5, 4000));
  Snapshot empty;
  empty.counts.begin_ns = empty.counts.end_ns = 4500;
  router.post({kOne, 4500, empty});
  push({{}}, 5000, drops(5, 5000));
  const Tables t = tables(kOne, 4900);
  EXPECT_EQ(t.gaps, 0u);
  EXPECT_EQ(t.live, 1u);
  EXPECT_EQ(t.blocking.at(0).blocked_now, 1u);
}

TEST_F(Order, records_behind_the_end_are_received_and_not_told) {
  push({{numbered(event(GT_HOOK_CREATE, 2000, 1), 0), numbered(event(GT_HOOK_CREATE, 3500, 2), 0)}}, 2200);
  router.post({kOne, 3000, TargetEnded{}});
  push({{numbered(event(GT_HOOK_CREATE, 2500, 3), 0), numbered(event(GT_HOOK_CREATE, 3600, 4), 0)}}, 4000);
  EXPECT_EQ(tables(kOne, 3000).created, 2u);
  EXPECT_EQ(router.received(kOne), 4u);
  EXPECT_EQ(router.told(kOne), 2u);
}

TEST_F(Order, records_of_unknown_or_removed_slots_are_received_and_ignored) {
  gt_record stranger = numbered(event(GT_HOOK_CREATE, 2000, 1), 0);
  stranger.target = 60000;
  push({{stranger, numbered(event(GT_HOOK_CREATE, 2001, 2), 0)}}, 2100);
  router.forget(kOne);
  push({{numbered(event(GT_HOOK_CREATE, 2200, 3), 0)}}, 3000);
  EXPECT_EQ(tables(kOne, 2999).created, 0u);
  EXPECT_EQ(tables(target_id(63, 0), 2999).created, 0u);
  EXPECT_EQ(router.counts().received, 3u);
  EXPECT_EQ(router.counts().discarded, 2u);
}

// Records of the slot's former owner are still in a ring when its next one is there already.
TEST_F(Order, a_record_of_the_slots_former_owner_is_discarded_and_counted) {
  constexpr TargetId kNext = target_id(slot_of(kOne), generation_of(kOne) + 1);
  router.forget(kOne);
  begin(kNext);
  push({{numbered(event(GT_HOOK_CREATE, 2000, 1), 0), numbered(event(GT_HOOK_CREATE, 2001, 2), 0, kNext)}},
       3000, drops(5, 3000));
  EXPECT_EQ(tables(kNext, 2999).created, 1u);
  EXPECT_EQ(tables(kNext, 2999).gaps, 0u);
  EXPECT_FALSE(models.ask(2999, Ask::kTotals)->contains(kOne));
  EXPECT_EQ(router.received(kNext), 1u);
  EXPECT_EQ(router.received(kOne), 0u);
  EXPECT_EQ(router.counts().discarded, 1u);
  router.forget(kOne);  // too late: the slot is another's
  EXPECT_EQ(tables(kNext, 2999).created, 1u);
}

TEST_F(Order, reader_and_control_thread_at_once_lose_nothing) {
  constexpr std::uint64_t kBatches = 400;
  push({{}}, 1500);  // from here on posts wait for the watermark
  std::thread reader([&] {
    for (std::uint64_t b = 0; b < kBatches; ++b) {
      std::vector<std::vector<gt_record>> rings(2);
      for (std::uint64_t i = 0; i < 100; ++i) {
        const std::uint64_t t = 2000 + b * 1000 + i * 10;
        rings[i % 2].push_back(
            numbered(event(i % 2 == 0 ? GT_HOOK_CREATE : GT_HOOK_EXIT, t, 1 + b * 100 + i / 2),
                     static_cast<std::uint16_t>(i % 2)));
      }
      push(std::move(rings), 2000 + b * 1000 + 995, drops(0, 2000 + b * 1000 + 995));
    }
  });
  std::uint64_t last = 0;
  for (std::uint64_t b = 0; b < kBatches; b += 20) {
    const Tables t = b % 40 == 0 ? tables(kOne, 2000 + b * 1000 + 994) : totals(kOne, 2000 + b * 1000);
    EXPECT_GE(t.created, last);
    last = t.created;
    Snapshot s;
    s.counts.begin_ns = s.counts.end_ns = 2000 + b * 1000;
    router.post({kOne, s.counts.end_ns, s});
  }
  reader.join();
  const Tables t = tables(kOne, 2000 + kBatches * 1000 - 6);
  EXPECT_EQ(t.created, kBatches * 50);
  EXPECT_EQ(t.exited, kBatches * 50);
  EXPECT_EQ(t.late, 0u);
  EXPECT_EQ(router.counts().received, kBatches * 100);
  EXPECT_EQ(router.counts().holes, 0u);
}

}  // namespace
}  // namespace gorotrace
