// A stream that was kept takes the kernel's place: replayed into fresh models it gives equal tables.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <utility>

#include "random_stream.h"

namespace gorotrace {
namespace {

// What a model that was fed without a stream says.
Tables told_directly(const Truth& truth) {
  Model model(test_config());
  for (int g = 0; g <= GT_GROUP_RUN; ++g) model.group(static_cast<gt_group>(g), true, 1000);
  model.describe(0x4000, false);
  for (const gt_record& r : truth.events) {
    if (r.stack != 0)
      model.define(r.stack, std::make_shared<const StackPcs>(StackPcs{{0x401000 + r.stack}, false}));
    model.apply(r);
  }
  return model.tables(truth.end_ns + 1);
}

class Replay : public RandomStream, public ::testing::WithParamInterface<std::uint64_t> {
 protected:
  Replay() : RandomStream(GetParam()) {}
};

TEST_P(Replay, the_stream_changes_nothing_of_what_it_carries) {
  const Truth truth = play(GetParam(), 20000);
  begin(kOne);
  play_through(truth, kOne, false);
  router.post({kOne, truth.end_ns + 1, TargetEnded{}});
  push({{}}, truth.end_ns + 2);
  const Tables direct = told_directly(truth), through = tables(kOne, truth.end_ns + 2);
  EXPECT_EQ(through.late, 0u);
  EXPECT_TRUE(direct.blocking == through.blocking);
  EXPECT_EQ(direct.state_ns, through.state_ns);
  EXPECT_TRUE(direct == through);
}

TEST_P(Replay, a_kept_stream_gives_equal_tables) {
  const std::uint64_t end = play_targets(GetParam());
  const auto live = models.ask(end, Ask::kTables);
  ASSERT_TRUE(live);
  EXPECT_EQ(live->at(kNext).tables->created, 1u);
  EXPECT_EQ(live->at(kNext).tables->gaps, 0u);
  EXPECT_GT(live->at(kTwo).tables->blocking.size(), 0u);
  EXPECT_FALSE(live->at(kTwo).tables->covered_by_sampling.empty())
      << "no stretch of samples, nothing to test";
  EXPECT_NE(live->at(kTwo).tables->stacks.find(500), nullptr);
  EXPECT_FALSE(live->at(kTwo).tables->label_values.empty());
  EXPECT_TRUE(live->at(kTwo).counters && live->at(kTwo).cost);
  expect_equal(*live, replayed(memory.batches(), end));
}

TEST_P(Replay, a_loss_taints_only_the_target_that_lost) {
  const Truth truth = play(GetParam(), 10000);
  begin(kOne);
  begin(kTwo);
  push({{numbered(event(GT_HOOK_EXECUTE, 1500, 1), 0, kTwo),
         numbered(park_event(1600, 1, kSleep, 5), 0, kTwo)}},
       1700);
  play_through(truth, kOne, true);
  push({{numbered(event(GT_HOOK_READY, truth.end_ns + 10, 1), 0, kTwo)}}, truth.end_ns + 20,
       DropCounts{.of = {{kOne, 1'000'000}, {kTwo, 0}}, .at_ns = truth.end_ns + 15});
  const auto answers = models.ask(truth.end_ns + 18, Ask::kTables);
  ASSERT_TRUE(answers);
  EXPECT_GT(answers->at(kOne).tables->gaps, 1u);
  EXPECT_EQ(answers->at(kTwo).tables->gaps, 0u);
  EXPECT_EQ(answers->at(kTwo).tables->blocking.at(0).waits.count(), 1u);
}

// What a sink that was too slow got, and only that, is what its tables say.
TEST_P(Replay, of_a_stream_with_holes_for_a_slow_sink) {
  const Truth truth = play(GetParam(), 20000);
  begin(kOne);
  for (std::size_t at = 0; at < truth.events.size(); at += 200) {
    std::vector<gt_record> ring;
    for (std::size_t i = at; i < std::min(truth.events.size(), at + 200); ++i)
      ring.push_back(numbered(truth.events[i], 0));
    const std::uint64_t now = ring.back().time_ns + 1;
    push({std::move(ring)}, now);
  }
  ASSERT_TRUE(models.ask(truth.end_ns, Ask::kTotals));  // the router has handed on all of it
  MemorySink kept;
  Models live;
  std::atomic<bool> stands = false;
  std::atomic<std::uint64_t> advanced = 0;
  {
    SinkThread slow(100'000, [&](const Batch& batch) {
      while (stands) std::this_thread::sleep_for(std::chrono::microseconds(100));
      kept.push(std::make_shared<const Batch>(batch));
      for (const Item& item : batch.items) live.apply(item);
      advanced = live.advanced_ns();
    });
    std::uint64_t pushed = 0, told_ns = 0;
    for (const auto& batch : memory.batches()) {
      stands = pushed % 40 >= 20;
      slow.push(batch);
      for (const Item& item : batch->items) {
        if (std::holds_alternative<Advanced>(item.what)) told_ns = item.at_ns;
      }
      if (++pushed % 40 == 0) stands = false;
      while (!stands && advanced < told_ns)  // it keeps up
        std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
    stands = false;
  }
  std::uint64_t received = 0, lost = 0;
  for (const Item& item : kept.all<Records>()) received += std::get<Records>(item.what).records.size();
  for (const Item& item : kept.all<Loss>()) lost += std::get<Loss>(item.what).count;
  EXPECT_EQ(received + lost, truth.events.size());
  EXPECT_GT(lost, truth.events.size() / 10);
  EXPECT_GT(received, truth.events.size() / 4);
  Models fresh;
  for (const auto& batch : kept.batches()) {
    for (const Item& item : batch->items) fresh.apply(item);
  }
  const Tables then = live.all().at(kOne).model->tables(truth.end_ns),
               again = fresh.all().at(kOne).model->tables(truth.end_ns);
  EXPECT_TRUE(then == again);
  EXPECT_GT(then.gaps, 1u);
  EXPECT_EQ(then.illegal, 0u);
  std::size_t told = 0;
  for (const BlockingRow& row : then.blocking) {
    if (row.waits.count() == 0) continue;
    EXPECT_EQ(row.waits.total(), truth.waits.at(row.stack));
    ++told;
  }
  EXPECT_GT(told, 100u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Replay, ::testing::Range(std::uint64_t{1}, std::uint64_t{9}));

}  // namespace
}  // namespace gorotrace
