// A stream that was kept takes the kernel's place: replayed into fresh models it gives equal tables. Random
// programs of goroutines, with groups that change, looks at memory, samples, counters and cost, loss in the
// kernel and on the way, and a slot that changes its owner.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <random>
#include <thread>
#include <utility>

#include "../model/random_trace.h"
#include "fixture.h"

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

class Replay : public StreamTest, public ::testing::WithParamInterface<std::uint64_t> {
 protected:
  std::mt19937_64 random{GetParam()};
  struct Sampler {
    std::uint64_t number = 0;
    std::uint32_t rows = 0;
    bool begins = true;
  };
  std::map<TargetId, Sampler> samplers;

  // The events of one target in two rings and batches of any size, in the order in which rings give them.
  void play_through(const Truth& truth, TargetId target, bool rough) {
    std::uint64_t lost = 0;
    for (std::size_t at = 0; at < truth.events.size();) {
      const std::size_t end = std::min(truth.events.size(), at + 1 + random() % 700);
      std::vector<std::vector<gt_record>> rings(2);
      for (; at < end; ++at) {
        const auto cpu = static_cast<std::uint16_t>(truth.events[at].goid % 2);
        gt_record record = numbered(truth.events[at], cpu, target);
        if (rough && random() % 500 == 0) {
          ++lost;
        } else {
          rings[cpu].push_back(record);
        }
      }
      const std::uint64_t now = truth.events[end - 1].time_ns;
      push(std::move(rings), now - std::min<std::uint64_t>(now, random() % 2000),
           rough ? std::optional(DropCounts{.of = {{target, lost}}, .at_ns = now}) : std::nullopt);
      if (rough) disturb(target, now);
    }
    push({{}}, truth.end_ns + 1);
  }

  // A look at some goroutines that waits, runs and creation sites come and go of, as a sampler tells it.
  void sample(TargetId target, std::uint64_t now) {
    auto& sampler = samplers[target];
    SampleClasses classes;
    while (sampler.rows < 1 + random() % 6) {
      const std::uint64_t stack = 500 + sampler.rows++;
      router.post(
          {target, now, StackDefined{stack, std::make_shared<const StackPcs>(StackPcs{{stack}, false})}});
      classes.rows.push_back({.stack = stack, .reason = static_cast<std::uint8_t>(random() % 4)});
      classes.sites.push_back({.gopc = 0x4100 + stack, .startpc = 0x4000, .system = false});
    }
    if (!classes.empty()) router.post({target, now, std::move(classes)});
    SampleTick tick;
    tick.number = ++sampler.number;
    tick.at_ns = now;
    tick.begins = std::exchange(sampler.begins, false);
    tick.all = tick.everyone = true;
    tick.slots = 10;
    tick.live = 10;
    for (std::uint32_t slot = 0; slot < tick.slots; ++slot) {
      SampleChange change{.slot = slot, .alive = true, .standing = {}, .place = {}};
      change.standing.goid = slot + 1;
      change.standing.seq = static_cast<std::uint8_t>(random() % 3);
      change.standing.provable = true;
      change.place = {static_cast<std::uint32_t>(random() % sampler.rows),
                      static_cast<std::uint32_t>(random() % sampler.rows),
                      static_cast<std::uint32_t>(random() % kGStates)};
      tick.changed.push_back(change);
    }
    router.post({target, now, std::move(tick)});
    if (random() % 8 != 0) return;
    router.post({target, now, SamplingEnded{}});
    sampler.begins = true;
  }

  // A look at memory by which goroutines get and lose states, stacks and labels.
  void look(TargetId target, std::uint64_t now) {
    Snapshot s;
    s.counts.begin_ns = now - 500;
    s.counts.end_ns = now;
    const std::uint64_t pcs[] = {random() % 7, 3};
    s.label_values = {{16 + random() % 40, "value"}};
    for (int k = 0; k < 20; ++k) {
      GoroutineSnapshot& g = s.goroutines.emplace_back();
      g.goid = 1 + random() % 40;
      g.status = static_cast<GStatus>(random() % 12);
      g.read_at_ns = now - random() % 500;
      g.labels = random() % 3;
      g.label = 1 + random() % 3 + random() % 3 * 16;
      g.startpc = random() % 4 == 0 ? kSystemStart : 0x4000;
      g.stack_id = 100 + pcs[0];
      g.stack = s.stacks.add(g.stack_id, pcs, false);
    }
    router.post({target, now, std::move(s)});
  }

  void disturb(TargetId target, std::uint64_t now) {
    if (random() % 2 == 0) sample(target, now);
    switch (random() % 10) {
      case 0:
        router.post({target, now + random() % 100,
                     GroupChanged{static_cast<gt_group>(random() % GT_GROUP_COUNT), random() % 2 == 0}});
        return;
      case 1:
        look(target, now);
        return;
      case 2:
        router.post({target, now, SeenObjects{now, {{1 + random() % 40, 0xc000, {}, now - 100}}}});
        return;
      case 3:
        router.post({target, now, CountersRead{{.time_ns = now, .created = random() % 1000}}});
        return;
      case 4:
        router.post({target, now, CostCharged{random() % 1000, now, 0.5}});
        return;
      default:
        return;
    }
  }

  static void expect_equal(const Answers& live, const Answers& replayed) {
    ASSERT_EQ(live.size(), replayed.size());
    for (const auto& [target, answer] : live) {
      const Tables &a = *answer.tables, &b = *replayed.at(target).tables;
      EXPECT_TRUE(a == b) << target;
      EXPECT_EQ(a.state_ns, b.state_ns);
      EXPECT_TRUE(a.blocking == b.blocking);
      EXPECT_TRUE(a.creation == b.creation);
      EXPECT_TRUE(a.objects == b.objects);
      EXPECT_TRUE(a.stacks == b.stacks);
      EXPECT_EQ(a.sampled_state, b.sampled_state);
      EXPECT_TRUE(a.covered_by_sampling == b.covered_by_sampling);
      ASSERT_EQ(answer.cost.has_value(), replayed.at(target).cost.has_value());
      if (answer.cost) {
        EXPECT_EQ(answer.cost->hits, replayed.at(target).cost->hits);
      }
      ASSERT_EQ(answer.counters.has_value(), replayed.at(target).counters.has_value());
      if (answer.counters) {
        EXPECT_EQ(answer.counters->created, replayed.at(target).counters->created);
      }
      EXPECT_EQ(a.gaps, b.gaps);
    }
  }

  Answers replayed(std::uint64_t at_ns) {
    ModelSink fresh;
    for (const auto& batch : memory.batches()) fresh.push(batch);
    const auto answers = fresh.ask(at_ns, Ask::kTables);
    EXPECT_TRUE(answers);
    return answers.value_or(Answers{});
  }
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
  const Truth truth = play(GetParam(), 20000);
  Truth other = play(GetParam() + 100, 5000);
  for (gt_record& record : other.events) record.time_ns += truth.end_ns;
  other.end_ns += truth.end_ns;
  begin(kOne);
  begin(kTwo, "tenant");
  play_through(truth, kOne, true);
  // The slot's next owner begins where it began: nothing of the former one is there.
  constexpr TargetId kNext = target_id(slot_of(kOne), generation_of(kOne) + 1);
  router.forget(kOne);
  begin(kNext);
  play_through(other, kTwo, true);
  look(kTwo, other.end_ns);
  sample(kTwo, other.end_ns);
  sample(kTwo, other.end_ns + 10);
  router.post({kTwo, other.end_ns + 20, CountersRead{{.time_ns = other.end_ns, .created = 5}}});
  router.post({kTwo, other.end_ns + 20, CostCharged{7, other.end_ns, 0.5}});
  const std::uint64_t end = other.end_ns + 100;
  push({{numbered(event(GT_HOOK_CREATE, end - 60, 1), 0),
         numbered(event(GT_HOOK_CREATE, end - 50, 1), 0, kNext)}},
       end);
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
  expect_equal(*live, replayed(end));
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
  Models live(nullptr);
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
  Models fresh(nullptr);
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
