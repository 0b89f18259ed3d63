// Random programs of goroutines as a stream tells them, with groups that change, looks at memory, samples,
// counters and cost, loss in the kernel and on the way, and a slot that changes its owner.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "../model/random_trace.h"
#include "fixture.h"

namespace gorotrace {

class RandomStream : public StreamTest {
 protected:
  explicit RandomStream(std::uint64_t seed) : random(seed) {}

  std::mt19937_64 random;
  struct Sampler {
    std::uint64_t number = 0;
    std::uint32_t rows = 0;
    bool begins = true;
  };
  std::map<TargetId, Sampler> samplers;
  std::uint64_t samples_in_a_stretch = 8;  // on average

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
    if (random() % samples_in_a_stretch != 0) return;
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

  // Of two targets and the next owner of a slot; until when.
  static constexpr TargetId kNext = target_id(slot_of(kOne), generation_of(kOne) + 1);
  std::uint64_t play_targets(std::uint64_t seed) {
    const Truth truth = play(seed, 20000);
    Truth other = play(seed + 100, 5000);
    for (gt_record& record : other.events) record.time_ns += truth.end_ns;
    other.end_ns += truth.end_ns;
    begin(kOne);
    begin(kTwo, "tenant");
    play_through(truth, kOne, true);
    // The slot's next owner begins where it began: nothing of the former one is there.
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
    return end;
  }

  static Answers replayed(const std::vector<std::shared_ptr<const Batch>>& batches, std::uint64_t at_ns) {
    ModelSink fresh;
    for (const auto& batch : batches) fresh.push(batch);
    const auto answers = fresh.ask(at_ns, Ask::kTables);
    EXPECT_TRUE(answers);
    return answers.value_or(Answers{});
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
};

}  // namespace gorotrace
