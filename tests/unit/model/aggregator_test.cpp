#include "model/aggregator.h"

#include <chrono>
#include <future>
#include <thread>

#include "trace.h"

namespace gorotrace {
namespace {

constexpr TargetId kTarget = target_id(1, 7);

RecordBatch::Dropped dropped(std::uint64_t records, std::uint64_t at_ns, TargetId target = kTarget) {
  return {.targets = {{target, records}}, .at_ns = at_ns, .read_until_ns = at_ns};
}

class AggregatorTest : public ::testing::Test {
 protected:
  AggregatorTest() {
    aggregator.add_target(kTarget, test_config());
    for (int g = 0; g <= GT_GROUP_RUN; ++g)
      aggregator.post_group(kTarget, static_cast<gt_group>(g), true, 1000);
  }
  gt_record numbered(gt_record r, std::uint16_t cpu) {
    r.target = slot_of(kTarget);
    r.generation = generation_of(kTarget);
    r.cpu = cpu;
    r.seq = next_seq[cpu]++;
    return r;
  }
  void push(std::vector<std::vector<gt_record>> rings, std::uint64_t watermark,
            std::optional<RecordBatch::Dropped> lost = std::nullopt) {
    aggregator.push({std::move(rings), watermark, std::move(lost)});
  }
  Aggregator aggregator;
  std::array<std::uint32_t, 8> next_seq{};
};

TEST_F(AggregatorTest, rings_are_merged_by_time_over_batches) {
  push({{numbered(event(GT_HOOK_EXECUTE, 2000, 1), 0), numbered(event(GT_HOOK_EXECUTE, 2600, 1), 0)},
        {numbered(park_event(2100, 1, kChanReceive, 5), 1)}},
       2200);
  push({{}, {numbered(event(GT_HOOK_READY, 2500, 1, 9), 1)}}, 3000);
  const Tables t = aggregator.tables(kTarget, 2999);
  EXPECT_EQ(t.illegal, 0u);
  EXPECT_EQ(t.late, 0u);
  ASSERT_EQ(t.blocking.size(), 1u);
  EXPECT_EQ(t.blocking[0].waits.total(), 400u);
  EXPECT_EQ(t.latency.histogram.total(), 100u);
  EXPECT_EQ(aggregator.counts().received, 4u);
  EXPECT_EQ(aggregator.counts().holes, 0u);
}

TEST_F(AggregatorTest, an_answer_is_as_of_the_moment_asked_for) {
  push({{numbered(event(GT_HOOK_CREATE, 2000, 1), 0), numbered(event(GT_HOOK_CREATE, 2500, 2), 0)}}, 2100);
  std::thread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    push({{}}, 3000);
  });
  EXPECT_EQ(aggregator.totals(kTarget, 2400).created, 1u);
  EXPECT_EQ(aggregator.totals(kTarget, 2600).created, 2u);
  later.join();
}

TEST_F(AggregatorTest, the_kernels_count_of_drops_taints_what_is_applied_behind_it) {
  push({{numbered(event(GT_HOOK_EXECUTE, 2000, 1), 0), numbered(park_event(2100, 1, kChanReceive, 5), 0)}},
       2200, dropped(0, 2200));
  next_seq[1] += 3;  // lost on a CPU that sends nothing more
  push({{numbered(event(GT_HOOK_READY, 2500, 1, 9), 0)}}, 3000, dropped(3, 3000));
  const Tables t = aggregator.tables(kTarget, 2999);
  EXPECT_EQ(t.gaps, 1u);
  EXPECT_EQ(t.blocking.at(0).waits.count(), 0u);
  EXPECT_EQ(t.blocking[0].tainted, 1u);
  // The hole shows up later: known by now, no second gap.
  push({{}, {numbered(event(GT_HOOK_EXECUTE, 3500, 1), 1)}}, 4000, dropped(3, 4000));
  EXPECT_EQ(aggregator.tables(kTarget, 3999).gaps, 1u);
  EXPECT_EQ(aggregator.counts().holes, 3u);
}

TEST_F(AggregatorTest, a_hole_is_a_gap_when_the_kernel_was_not_asked) {
  push({{numbered(event(GT_HOOK_EXECUTE, 2000, 1), 0), numbered(park_event(2100, 1, kChanReceive, 5), 0)}},
       2200);
  next_seq[0] += 2;
  push({{numbered(event(GT_HOOK_READY, 2500, 1, 9), 0)}}, 3000);
  const Tables t = aggregator.tables(kTarget, 2999);
  EXPECT_EQ(t.gaps, 1u);
  EXPECT_EQ(t.blocking.at(0).waits.count(), 0u);
}

TEST_F(AggregatorTest, a_late_number_is_no_loss_when_the_kernel_says_so) {
  gt_record slow = numbered(event(GT_HOOK_CREATE, 2900, 7), 0);
  push({{numbered(event(GT_HOOK_CREATE, 2000, 1), 0)}}, 2800, dropped(0, 2800));
  push({{slow}}, 3000, dropped(0, 3000));
  EXPECT_EQ(aggregator.tables(kTarget, 2999).gaps, 0u);
  EXPECT_EQ(aggregator.counts().holes, 0u);
}

TEST_F(AggregatorTest, without_any_batch_snapshots_and_questions_are_served_at_once) {
  Snapshot s;
  s.goroutines.emplace_back();
  s.goroutines[0].goid = 5;
  s.goroutines[0].status = GStatus::kRunning;
  s.goroutines[0].read_at_ns = 1500;
  s.counts.begin_ns = 1400;
  s.counts.end_ns = 1600;
  aggregator.post(kTarget, s);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(aggregator.tables(kTarget, 1700).live, 1u);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(1000));
}

TEST_F(AggregatorTest, a_watermark_that_never_comes_costs_two_seconds_and_the_answer_says_up_to_when) {
  push({{numbered(event(GT_HOOK_CREATE, 2000, 1), 0)}}, 2500);
  const Tables t = aggregator.tables(kTarget, 9000);
  EXPECT_EQ(t.at_ns, 2500u);
  EXPECT_EQ(t.created, 1u);
}

// The question is still in the queue, behind a batch, when its asker loses patience: it is answered when it
// is taken from there.
TEST_F(AggregatorTest, a_thread_that_starves_longer_than_an_asker_waits_still_answers) {
  ModelConfig config = test_config();
  std::promise<void> starved;
  config.on_wait = [&starved](const Wait&) {
    starved.set_value();
    std::this_thread::sleep_for(std::chrono::milliseconds(Aggregator::kAnswerTimeoutMs + 500));
  };
  aggregator.remove_target(kTarget);
  aggregator.add_target(kTarget, std::move(config));
  for (int g = 0; g <= GT_GROUP_RUN; ++g)
    aggregator.post_group(kTarget, static_cast<gt_group>(g), true, 1000);
  push({{numbered(event(GT_HOOK_EXECUTE, 2000, 1), 0), numbered(park_event(2100, 1, kChanReceive, 5), 0),
         numbered(event(GT_HOOK_READY, 2200, 1, 9), 0)}},
       2500);
  starved.get_future().wait();
  push({{}}, 2500);
  EXPECT_EQ(aggregator.tables(kTarget, 9000).at_ns, 2500u);
}

// As a session ends: the watermark is held, the end is posted, sites go one by one, and a ring that a thread
// held shut opens at last.
TEST_F(AggregatorTest, a_window_ends_with_every_record_from_before_and_none_from_after) {
  const gt_record park = numbered(park_event(2100, 1, kChanReceive, 5), 1);
  const gt_record ready = numbered(event(GT_HOOK_READY, 2500, 1, 9), 1);
  push({{numbered(event(GT_HOOK_EXECUTE, 2000, 1), 0)}}, 2050);
  aggregator.post_end(kTarget, 3000);
  push({{numbered(event(GT_HOOK_EXECUTE, 2600, 1), 0), numbered(park_event(2700, 1, kChanReceive, 5), 0)}},
       2050);
  push({{numbered(event(GT_HOOK_READY, 3100, 1, 9), 0), numbered(event(GT_HOOK_CREATE, 3200, 7), 0)}}, 2050);
  push({{}, {park, ready}}, 2050);
  push({{numbered(event(GT_HOOK_EXIT, 3300, 1), 0)}}, 9000);
  const Tables t = aggregator.tables(kTarget, 8000);
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
  const OpenWaits open = aggregator.open_waits(kTarget, 8000);
  ASSERT_EQ(open.waits.size(), 1u);
  EXPECT_EQ(open.waits[0].since_ns, 2700u);
  // Even later: counted, and late.
  push({{numbered(event(GT_HOOK_CREATE, 2900, 8), 0)}}, 10'000);
  EXPECT_EQ(aggregator.totals(kTarget, 9500).live, 2u);
  EXPECT_EQ(aggregator.totals(kTarget, 9500).late, 1u);
}

TEST_F(AggregatorTest, a_loss_or_a_look_behind_the_end_changes_nothing) {
  push({{numbered(event(GT_HOOK_EXECUTE, 2000, 1), 0), numbered(park_event(2100, 1, kChanReceive, 5), 0)}},
       2200, dropped(0, 3500));
  aggregator.post_end(kTarget, 3000);
  push({{}}, 4000, dropped(5, 4000));
  Snapshot empty;
  empty.counts.begin_ns = empty.counts.end_ns = 4500;
  aggregator.post(kTarget, empty);
  push({{}}, 5000, dropped(5, 5000));
  const Tables t = aggregator.tables(kTarget, 4900);
  EXPECT_EQ(t.gaps, 0u);
  EXPECT_EQ(t.live, 1u);
  EXPECT_EQ(t.blocking.at(0).blocked_now, 1u);
}

TEST_F(AggregatorTest, a_loss_taints_the_target_that_lost_and_no_other) {
  constexpr TargetId kOther = target_id(2, 0);
  aggregator.add_target(kOther, test_config());
  for (int g = 0; g <= GT_GROUP_RUN; ++g) aggregator.post_group(kOther, static_cast<gt_group>(g), true, 1000);
  const auto of_other = [&](gt_record r) {
    r = numbered(r, 0);
    r.target = slot_of(kOther);
    r.generation = generation_of(kOther);
    return r;
  };
  push({{numbered(event(GT_HOOK_EXECUTE, 2000, 1), 0), of_other(event(GT_HOOK_EXECUTE, 2001, 1)),
         numbered(park_event(2100, 1, kChanReceive, 5), 0), of_other(park_event(2101, 1, kChanReceive, 5))}},
       2200, dropped(0, 2200));
  next_seq[0] += 3;
  push({{numbered(event(GT_HOOK_READY, 2500, 1, 9), 0), of_other(event(GT_HOOK_READY, 2501, 1, 9))}}, 3000,
       dropped(3, 3000, kOther));
  EXPECT_EQ(aggregator.tables(kTarget, 2999).gaps, 0u);
  EXPECT_EQ(aggregator.tables(kTarget, 2999).blocking.at(0).waits.count(), 1u);
  EXPECT_EQ(aggregator.tables(kOther, 2999).gaps, 1u);
  EXPECT_EQ(aggregator.tables(kOther, 2999).blocking.at(0).waits.count(), 0u);
  EXPECT_EQ(aggregator.received(kTarget), 3u);
  EXPECT_EQ(aggregator.received(kOther), 3u);
}

// Records of the slot's former owner are still in a ring when its next one is there already.
TEST_F(AggregatorTest, a_record_of_the_slots_former_owner_is_discarded_and_counted) {
  constexpr TargetId kNext = target_id(slot_of(kTarget), generation_of(kTarget) + 1);
  aggregator.remove_target(kTarget);
  aggregator.add_target(kNext, test_config());
  for (int g = 0; g <= GT_GROUP_RUN; ++g) aggregator.post_group(kNext, static_cast<gt_group>(g), true, 1000);
  gt_record own = numbered(event(GT_HOOK_CREATE, 2001, 2), 0);
  own.generation = generation_of(kNext);
  push({{numbered(event(GT_HOOK_CREATE, 2000, 1), 0), own}}, 3000, dropped(5, 3000));
  EXPECT_EQ(aggregator.tables(kTarget, 2999).created, 0u);
  EXPECT_EQ(aggregator.tables(kNext, 2999).created, 1u);
  EXPECT_EQ(aggregator.tables(kNext, 2999).gaps, 0u);
  EXPECT_EQ(aggregator.received(kNext), 1u);
  EXPECT_EQ(aggregator.received(kTarget), 0u);
  EXPECT_EQ(aggregator.counts().discarded, 1u);
  aggregator.remove_target(kTarget);  // too late: the slot is another's
  EXPECT_EQ(aggregator.tables(kNext, 2999).created, 1u);
}

TEST_F(AggregatorTest, records_of_unknown_or_removed_targets_are_received_and_ignored) {
  gt_record stranger = numbered(event(GT_HOOK_CREATE, 2000, 1), 0);
  stranger.target = 60000;
  push({{stranger, numbered(event(GT_HOOK_CREATE, 2001, 2), 0)}}, 2100);
  aggregator.remove_target(kTarget);
  push({{numbered(event(GT_HOOK_CREATE, 2200, 3), 0)}}, 3000);
  EXPECT_EQ(aggregator.tables(kTarget, 2999).created, 0u);
  EXPECT_EQ(aggregator.tables(target_id(63, 0), 2999).created, 0u);
  EXPECT_EQ(aggregator.counts().received, 3u);
  EXPECT_EQ(aggregator.counts().discarded, 2u);
}

TEST_F(AggregatorTest, reader_and_control_thread_at_once_lose_nothing) {
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
      push(std::move(rings), 2000 + b * 1000 + 995, dropped(0, 2000 + b * 1000 + 995));
    }
  });
  std::uint64_t last = 0;
  for (std::uint64_t b = 0; b < kBatches; b += 20) {
    const Tables t = b % 40 == 0 ? aggregator.tables(kTarget, 2000 + b * 1000 + 994)
                                 : aggregator.totals(kTarget, 2000 + b * 1000);
    EXPECT_GE(t.created, last);
    last = t.created;
    Snapshot s;
    s.counts.begin_ns = s.counts.end_ns = 2000 + b * 1000;
    aggregator.post(kTarget, s);
  }
  reader.join();
  const Tables t = aggregator.tables(kTarget, 2000 + kBatches * 1000 - 6);
  EXPECT_EQ(t.created, kBatches * 50);
  EXPECT_EQ(t.exited, kBatches * 50);
  EXPECT_EQ(t.late, 0u);
  EXPECT_EQ(aggregator.counts().received, kBatches * 100);
  EXPECT_EQ(aggregator.counts().holes, 0u);
}

}  // namespace
}  // namespace gorotrace
