// A sink that stands still holds up nobody: records are dropped for it, and nothing else.
#include "stream/sink_thread.h"

#include <future>
#include <string>

#include "fixture.h"

namespace gorotrace {
namespace {

std::shared_ptr<const Batch> batch_of(std::vector<Item> items) {
  return std::make_shared<const Batch>(Batch{std::move(items)});
}

Item run_of(TargetId target, std::uint64_t from_ns, std::size_t n) {
  Records run;
  for (std::size_t i = 0; i < n; ++i) run.records.push_back(event(GT_HOOK_EXECUTE, from_ns + i, 1));
  return {target, from_ns, std::move(run)};
}

// Takes the first batch and stands still until it is let go.
class StuckSink {
 public:
  explicit StuckSink(std::size_t max_bytes) : thread_(max_bytes, [this](const Batch& b) { take(b); }) {
    thread_.push(batch_of({}));
    stuck_.get_future().wait();
  }
  void push(std::vector<Item> items) { thread_.push(batch_of(std::move(items))); }
  std::uint64_t dropped() const { return thread_.dropped(); }
  std::uint64_t dropped_samples(TargetId target) const { return thread_.dropped_samples(target); }
  void let_go() { go_.set_value(); }
  // Everything that came, after let_go().
  std::vector<Item> wait_for_last() {
    push({{0, 0, TargetGone{}}});
    last_.get_future().wait();
    return items_;
  }

 private:
  void take(const Batch& batch) {
    if (!std::exchange(first_taken_, true)) {
      stuck_.set_value();
      go_.get_future().wait();
    }
    for (const Item& item : batch.items) {
      items_.push_back(item);
      if (std::holds_alternative<TargetGone>(item.what)) last_.set_value();
    }
  }
  bool first_taken_ = false;
  std::promise<void> stuck_, go_, last_;
  std::vector<Item> items_;
  SinkThread thread_;
};

TEST(SinkThread, AFullQueueDropsRecordsAndSaysWhereAndHowMany) {
  StuckSink sink(100'000);
  sink.push({run_of(1, 1000, 1000)});  // 64 kB
  sink.push({run_of(1, 3000, 1000),
             {1, 3500, StackDefined{5, std::make_shared<const StackPcs>()}},
             run_of(2, 3000, 10),
             {0, 5000, Advanced{}}});
  sink.push({run_of(1, 5000, 1000), {0, 7000, Advanced{}}});
  sink.push({{1, 7500, GroupChanged{GT_GROUP_RUN, false}}, run_of(1, 8000, 1000)});
  EXPECT_EQ(sink.dropped(), 3010u);
  sink.let_go();
  const std::vector<Item> items = sink.wait_for_last();

  std::vector<Loss> of_1;
  std::vector<std::uint64_t> from_1, advanced;
  std::uint64_t of_2 = 0, received = 0;
  bool defined = false, group_before_second_loss = false;
  for (const Item& item : items) {
    if (const auto* run = std::get_if<Records>(&item.what)) received += run->records.size();
    if (std::holds_alternative<StackDefined>(item.what)) defined = true;
    if (std::holds_alternative<Advanced>(item.what)) advanced.push_back(item.at_ns);
    if (std::holds_alternative<GroupChanged>(item.what)) group_before_second_loss = of_1.size() == 1;
    const auto* loss = std::get_if<Loss>(&item.what);
    if (loss == nullptr) continue;
    if (item.target == 2) {
      of_2 += loss->count;
      continue;
    }
    of_1.push_back(*loss);
    from_1.push_back(item.at_ns);
  }
  EXPECT_EQ(received, 1000u);
  EXPECT_TRUE(defined);
  EXPECT_TRUE(group_before_second_loss);
  EXPECT_EQ(advanced.back(), 7000u);
  EXPECT_EQ(of_2, 10u);
  ASSERT_EQ(of_1.size(), 2u);  // one before the group changed, one behind it
  EXPECT_EQ(of_1[0].count, 2000u);
  EXPECT_EQ(from_1[0], 2999u);
  EXPECT_EQ(of_1[0].to_ns, 5999u);
  EXPECT_EQ(of_1[1].count, 1000u);
}

Item tick_of(TargetId target, std::uint64_t number) {
  SampleTick tick;
  tick.number = number;
  tick.at_ns = 1000 * number;
  return {target, tick.at_ns, std::move(tick)};
}

TEST(SinkThread, AFullQueueDropsTicksAndKeepsTheirClasses) {
  StuckSink sink(1000);
  sink.push({run_of(1, 1000, 100)});
  sink.push({{1, 2000, SampleClasses{.rows = {{}}, .sites = {}}}, tick_of(1, 2), tick_of(2, 1)});
  sink.push({tick_of(1, 3), {1, 3500, SampleClasses{.rows = {{}, {}}, .sites = {}}}, tick_of(1, 4)});
  sink.push({{1, 4000, SamplingEnded{}}, tick_of(1, 5)});
  EXPECT_EQ(sink.dropped(), 0u);
  EXPECT_EQ(sink.dropped_samples(1), 4u);
  EXPECT_EQ(sink.dropped_samples(2), 1u);
  sink.let_go();
  std::vector<std::uint64_t> lost_of_1;
  std::size_t rows = 0, ends = 0;
  for (const Item& item : sink.wait_for_last()) {
    EXPECT_FALSE(std::holds_alternative<SampleTick>(item.what));
    if (const auto* classes = std::get_if<SampleClasses>(&item.what)) rows += classes->rows.size();
    if (std::holds_alternative<SamplingEnded>(item.what)) ends += lost_of_1.size();
    if (const auto* lost = std::get_if<SamplesLost>(&item.what); lost != nullptr && item.target == 1)
      lost_of_1.push_back(lost->count);
  }
  EXPECT_EQ(rows, 3u);
  EXPECT_EQ(ends, 1u) << "one loss before the end, one behind it";
  EXPECT_EQ(lost_of_1, (std::vector<std::uint64_t>{3, 1}));
}

// An hour at 100 batches a second.
TEST(SinkThread, ASinkThatNeverMovesAgainCostsNoMemory) {
  StuckSink sink(1000);
  sink.push({run_of(1, 1000, 100)});
  for (std::uint64_t i = 0; i < 360'000; ++i)
    sink.push({run_of(1, 2000 + i * 10, 5), tick_of(1, i), {0, 2005 + i * 10, Advanced{}}});
  EXPECT_EQ(sink.dropped(), 5u * 360'000);
  sink.let_go();
  EXPECT_LT(sink.wait_for_last().size(), 10u);
}

// Whoever pokes knows when all is taken that was pushed before: also what was kept aside, for the queue was
// full.
TEST(SinkThread, APokeIsToldBehindWhatWasPushedBeforeIt) {
  std::promise<void> stuck, go;
  std::vector<std::string> told;
  bool first = true;
  std::uint64_t one = 0, two = 0;
  {
    SinkThread thread(
        100,
        [&](const Batch& batch) {
          if (std::exchange(first, false)) {
            stuck.set_value();
            go.get_future().wait();
          }
          for (const Item& item : batch.items) told.push_back("item " + std::to_string(item.at_ns));
        },
        [&](std::uint64_t poke) { told.push_back("poke " + std::to_string(poke)); });
    thread.push(batch_of({}));
    stuck.get_future().wait();
    thread.push(batch_of({run_of(kOne, 1000, 10)}));
    thread.push(batch_of({{kOne, 2000, TargetEnded{}}}));  // there is no room
    EXPECT_EQ(thread.poke(), 1u);
    one = thread.poke();
    thread.push(batch_of({{kTwo, 3000, TargetEnded{}}}));
    two = thread.poke();
    go.set_value();
  }
  EXPECT_EQ(one, 2u);
  EXPECT_EQ(two, 3u);
  EXPECT_EQ(told, (std::vector<std::string>{"item 1000", "item 2000", "poke 2", "item 3000", "poke 3"}));
}

TEST(SinkThread, AnotherSinkGetsEverything) {
  StuckSink stuck(1000);
  std::uint64_t received = 0;
  {
    SinkThread other(1u << 30, [&](const Batch& batch) {
      for (const Item& item : batch.items) {
        if (const auto* run = std::get_if<Records>(&item.what)) received += run->records.size();
      }
    });
    for (std::uint64_t i = 0; i < 1000; ++i) {
      const auto batch = batch_of({run_of(1, 1000 + i, 100)});
      other.push(batch);
      stuck.push(batch->items);
    }
  }
  EXPECT_EQ(received, 100'000u);
  EXPECT_GT(stuck.dropped(), 99'000u);
  stuck.let_go();
}

}  // namespace
}  // namespace gorotrace
