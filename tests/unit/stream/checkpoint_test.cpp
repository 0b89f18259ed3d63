// Whoever begins to read a kept stream at a checkpoint is told of the time since then what who read all of it
// is.
#include "stream/checkpoint.h"

#include "../model/restored.h"
#include "random_stream.h"

namespace gorotrace {
namespace {

constexpr std::uint64_t kRounded = 4;  // ns: estimates are rounded, each by itself

void expect_near(std::uint64_t a, std::uint64_t b) {
  EXPECT_LE(a > b ? a - b : b - a, kRounded) << a << " " << b;
}

std::uint64_t time_of(const Item& item) {
  const auto* run = std::get_if<Records>(&item.what);
  return run != nullptr && !run->records.empty() ? run->records.back().time_ns : item.at_ns;
}

class Checkpoints : public RandomStream, public ::testing::WithParamInterface<std::uint64_t> {
 protected:
  Checkpoints() : RandomStream(GetParam()) {}

  struct Branch {
    Tables before, before_estimated;  // the whole's
    Models models;
    bool in_stretch = false;  // of looks, of which the whole knows more
    bool shrank = false;      // a look has moved time from before the checkpoint into other states
  };

  // As a segment of a file has it.
  static void begin(Models& fresh, const Models::Of& whole, std::uint64_t at_ns) {
    const Checkpoint checkpoint = checkpoint_of(whole, at_ns);
    fresh.apply({kOne, 0, *whole.begun});
    checkpoint.each_stack([&](std::uint64_t id) {
      if (StackRef stack = stack_of(whole, id))
        fresh.apply({kOne, at_ns, StackDefined{id, std::move(stack)}});
    });
    const Status done = fresh.restore(kOne, checkpoint);
    ASSERT_TRUE(done) << done.error().message;
    const Models::Of& of = fresh.all().at(kOne);
    const Tables t = of.model->tables(at_ns), w = whole.model->tables(at_ns);
    if (w.stacks_undefined == 0) {
      EXPECT_EQ(t.stacks_undefined, 0u);
    }
    t.stacks.each([&](std::uint64_t id, const StackPcs& pcs) { EXPECT_EQ(pcs, *w.stacks.find(id)); });
  }

  // Of looks, behind item `last`.
  static bool stretch_goes_on(const std::vector<Item>& items, std::size_t last) {
    for (std::size_t i = last + 1; i > 0; --i) {
      const auto& what = items[i - 1].what;
      if (std::holds_alternative<SampleTick>(what)) return true;
      if (std::holds_alternative<SamplingEnded>(what)) return false;
    }
    return false;
  }

  void compare(const Models::Of& whole, const Branch& branch, std::uint64_t at_ns) {
    const Models::Of& of = branch.models.all().at(kOne);
    (void)RestoredIsTheDifference(branch.before, whole.model->tables(at_ns), of.model->tables(at_ns));
    EXPECT_EQ(of.end_ns, whole.end_ns);
    EXPECT_EQ(of.lifecycle_probed, whole.lifecycle_probed);
    ASSERT_EQ(of.counters.has_value(), whole.counters.has_value());
    if (whole.counters) {
      EXPECT_EQ(of.counters->created, whole.counters->created);
    }
    ASSERT_EQ(of.cost.has_value(), whole.cost.has_value());
    if (whole.cost) {
      EXPECT_EQ(of.cost->hits, whole.cost->hits);
    }
    compare_estimates(whole.tables(at_ns), of.tables(at_ns), branch);
  }

  void compare_estimates(const Tables& whole, const Tables& restored, const Branch& branch) {
    std::vector<Interval> since;  // stretches that began behind it
    for (const Interval& i : whole.covered_by_sampling) {
      if (i.from_ns >= branch.before.at_ns && !(branch.in_stretch && i.from_ns == branch.before.at_ns))
        since.push_back(i);
    }
    EXPECT_EQ(restored.covered_by_sampling, since);
    if (branch.in_stretch || branch.shrank) return;
    ++estimates_compared;
    const Tables d = delta(branch.before_estimated, whole);
    expect_near(d.live_integral_ns, restored.live_integral_ns);
    for (std::size_t s = 0; s < kGStates; ++s) {
      expect_near(d.state_ns[s], restored.state_ns[s]);
      expect_near(d.sampled_state[s].ns, restored.sampled_state[s].ns);
      expect_near(d.sampled_state[s].proven_ns, restored.sampled_state[s].proven_ns);
    }
    const auto rows = by_key(restored.blocking);
    for (const BlockingRow& row : d.blocking) {
      const auto found = rows.find(key_of(row));
      if (found == rows.end()) {
        EXPECT_LE(row.in_window_ns, kRounded);
        continue;
      }
      expect_near(row.in_window_ns, found->second.in_window_ns);
      expect_near(row.sampled.value_or(SampledTime{}).ns, found->second.sampled.value_or(SampledTime{}).ns);
      EXPECT_EQ(row.long_waits.count(), found->second.long_waits.count());
    }
  }

  void end_at(std::uint64_t at_ns) {
    router.post({kOne, at_ns, TargetEnded{}});
    push({{}}, at_ns + 1);
    ASSERT_TRUE(models.ask(at_ns + 1, Ask::kTotals));
  }

  // All that was kept, and by some from a checkpoint on.
  void read_from_checkpoints() {
    std::vector<Item> items;
    for (const auto& batch : memory.batches())
      items.insert(items.end(), batch->items.begin(), batch->items.end());
    Models whole;
    std::vector<std::unique_ptr<Branch>> branches;
    const std::size_t part = items.size() / 10;
    std::size_t next_branch = random() % part;
    std::uint64_t now = 0;
    for (std::size_t i = 0; i < items.size(); ++i) {
      whole.apply(items[i]);
      now = std::max(now, time_of(items[i]));
      for (const auto& branch : branches) {
        branch->models.apply(items[i]);
        const Tables then = whole.all().at(kOne).model->totals(now);
        for (std::size_t s = 0; s < kGStates; ++s)
          branch->shrank = branch->shrank || then.state_ns[s] < branch->before.state_ns[s];
      }
      if (!whole.all().contains(kOne)) continue;
      const Models::Of& of = whole.all().at(kOne);
      if (i >= next_branch) {
        next_branch = i + part / 2 + random() % part;
        auto branch = std::make_unique<Branch>();
        branch->before = of.model->tables(now);
        branch->before_estimated = of.tables(now);
        branch->in_stretch = stretch_goes_on(items, i);
        begin(branch->models, of, now);
        branches.push_back(std::move(branch));
      }
      if (random() % part != 0 && i + 1 != items.size()) continue;
      for (const auto& branch : branches) {
        SCOPED_TRACE(std::to_string(branch->before.at_ns) + " to " + std::to_string(now));
        compare(of, *branch, now);
      }
      if (HasFailure()) FAIL() << "item " << i;
    }
    EXPECT_GT(branches.size(), 2u);
  }

  std::size_t estimates_compared = 0;
};

TEST_P(Checkpoints, WhoBeginsAtOneIsToldTheSameOfLaterTime) {
  const Truth truth = play(GetParam(), 20000);
  StreamTest::begin(kOne, "tenant");
  play_through(truth, kOne, true);
  end_at(truth.end_ns + 1);
  read_from_checkpoints();
}

// Nothing is lost, and nothing is told of the time before.
TEST_P(Checkpoints, EstimatesOfStretchesBehindOneAreTheSame) {
  const Truth truth = play(GetParam(), 6000);
  StreamTest::begin(kOne);
  samples_in_a_stretch = 4;
  for (std::size_t at = 0; at < truth.events.size();) {
    const std::size_t to = std::min(truth.events.size(), at + 50);
    std::vector<gt_record> ring;
    for (; at < to; ++at) ring.push_back(numbered(truth.events[at], 0));
    const std::uint64_t now = ring.back().time_ns + 1;
    push({std::move(ring)}, now);
    if (random() % 3 == 0 || !samplers[kOne].begins) sample(kOne, now);
  }
  end_at(truth.end_ns + 1);
  read_from_checkpoints();
  EXPECT_GT(estimates_compared, 2u);
}

// One after the other: what begins behind a checkpoint is estimated whatever was before it.
class CheckpointTest : public ::testing::Test {
 protected:
  CheckpointTest() { begin(whole); }
  static void begin(Models& models) {
    models.apply(
        {kOne, 0, TargetBegun{.host_pid = 0, .start_time_ticks = 0, .exe = {}, .wait_reasons = kReasons}});
  }
  void apply(std::uint64_t at_ns, decltype(Item::what) what) {
    const Item item{kOne, at_ns, std::move(what)};
    whole.apply(item);
    if (restored) restored->apply(item);
  }
  void checkpoint(std::uint64_t at_ns) {
    restored.emplace();
    begin(*restored);
    const Checkpoint there = checkpoint_of(whole.all().at(kOne), at_ns);
    there.each_stack([&](std::uint64_t id) {
      restored->apply({kOne, at_ns, StackDefined{id, stack_of(whole.all().at(kOne), id)}});
    });
    EXPECT_TRUE(restored->restore(kOne, there));
  }
  void tick(std::uint64_t at_ns, bool begins) {
    SampleTick tick;
    tick.number = ++ticks;
    tick.at_ns = tick.seen_ns = at_ns;
    tick.begins = begins;
    tick.all = true;
    tick.everyone = begins;
    tick.slots = 1;
    if (begins)
      tick.changed = {
          {.slot = 0, .alive = true, .standing = {.goid = 1}, .place = {.row = 0, .site = 0, .state = 3}}};
    apply(at_ns, std::move(tick));
  }
  static Tables tables(const Models& models, std::uint64_t at_ns) {
    return models.all().at(kOne).tables(at_ns);
  }

  Models whole;
  std::optional<Models> restored;
  std::uint64_t ticks = 0;
};

TEST_F(CheckpointTest, TicksMeanNothingUntilOneBeginsAStretch) {
  apply(1000, GroupChanged{GT_GROUP_LIFECYCLE, true});
  apply(1000, StackDefined{500, std::make_shared<const StackPcs>(StackPcs{{7}, false})});
  apply(1000, SampleClasses{.rows = {{.stack = 500, .reason = kSleep}},
                            .sites = {{.gopc = 1, .startpc = 2, .system = false}}});
  tick(2000, true);
  tick(3000, false);
  checkpoint(3500);
  tick(4000, false);
  EXPECT_TRUE(tables(*restored, 4500).covered_by_sampling.empty());
  EXPECT_TRUE(tables(*restored, 4500).blocking.empty());
  tick(5000, true);
  tick(6000, false);
  const Tables t = tables(*restored, 6000);
  EXPECT_EQ(t.covered_by_sampling, (std::vector<Interval>{{5000, 6000}}));
  ASSERT_EQ(t.blocking.size(), 1u);
  EXPECT_EQ(t.blocking[0].stack, 500u);
  EXPECT_EQ(t.blocking[0].sampled->ns, 1000u);
  EXPECT_NE(t.stacks.find(500), nullptr) << "of a class that was told before the checkpoint";
  EXPECT_EQ(tables(whole, 6000).covered_by_sampling, (std::vector<Interval>{{2000, 4000}, {5000, 6000}}));
}

TEST_F(CheckpointTest, PhasesAreCountedFromTheNextReadingOn) {
  apply(1000, GroupChanged{GT_GROUP_LIFECYCLE, true});
  std::uint64_t at = 2000;
  const auto read = [&] {
    at += 1000;
    apply(at, CountersRead{{.time_ns = at, .created = at, .syscalls = at}, at});
  };
  const auto waits = [&](int n) {
    for (; n > 0; --n) {
      apply(at, Records{{event(GT_HOOK_EXECUTE, at + 1, 1), park_event(at + 2, 1, kChanReceive, 5),
                         event(GT_HOOK_READY, at + 3, 1, 9)}});
      at += 10;
    }
  };
  apply(at, GroupChanged{GT_GROUP_BLOCK, true});
  read();
  waits(3);
  checkpoint(at);
  for (int phase = 0; phase < 3; ++phase) {
    read();
    waits(5);
    read();
    apply(at, GroupChanged{GT_GROUP_BLOCK, false});
    at += 500;
    apply(at, GroupChanged{GT_GROUP_BLOCK, true});
  }
  const Tables t = tables(*restored, at);
  ASSERT_TRUE(t.phases);
  EXPECT_EQ(t.phases->count, 3u) << "the first went on at the checkpoint";
  ASSERT_EQ(t.blocking.size(), 1u);
  EXPECT_TRUE(t.blocking[0].begun);
}

TEST_F(CheckpointTest, OfATargetThatHasEndedIsOfThen) {
  apply(1000, GroupChanged{GT_GROUP_LIFECYCLE, true});
  apply(2000, CostCharged{.hits = 7, .target_cpu_ns = 100, .charged_ns = 3});
  apply(3000, TargetEnded{});
  checkpoint(9000);
  const Models::Of& of = restored->all().at(kOne);
  EXPECT_EQ(of.end_ns, 3000u);
  EXPECT_TRUE(of.lifecycle_probed);
  EXPECT_EQ(of.cost->hits, 7u);
  EXPECT_FALSE(of.counters);
}

TEST_F(CheckpointTest, WhatIsNoCheckpointLeavesNoTarget) {
  Checkpoint bad = checkpoint_of(whole.all().at(kOne), 1000);
  Models other;
  EXPECT_FALSE(other.restore(kOne, bad)) << "it has not begun";
  begin(other);
  bad.model.goroutines.resize(1);
  EXPECT_FALSE(other.restore(kOne, bad));
  EXPECT_FALSE(other.all().contains(kOne));
}

INSTANTIATE_TEST_SUITE_P(Seeds, Checkpoints, ::testing::Range(std::uint64_t{1}, std::uint64_t{7}));

}  // namespace
}  // namespace gorotrace
