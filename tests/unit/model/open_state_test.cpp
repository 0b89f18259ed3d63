// A model that goes on from another one's state tells of the time since then what the other one does.
#include "model/open_state.h"

#include <chrono>
#include <cstdio>
#include <random>

#include "random_ops.h"
#include "restored.h"

namespace gorotrace {
namespace {

ModelConfig labelled_config() {
  return {.wait_reasons = kReasons, .by_label = true};
}

class Restored : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  struct Branch {
    Tables before;  // the whole's
    std::unique_ptr<Model> model;
  };
  Restored() {
    define_all(whole_);
    whole_.describe(kSystemStart, true);
  }
  static std::unique_ptr<Model> restored(const OpenState& state) {
    auto model = std::make_unique<Model>(labelled_config());
    define_all(*model);
    const Status done = model->restore(state);
    EXPECT_TRUE(done) << done.error().message;
    return model;
  }
  // Lists that name the same things in the order of a table.
  static auto sorted(OpenWaits waits) {
    std::ranges::sort(waits.waits, {}, &OpenWait::goid);
    std::ranges::sort(waits.moves, {}, &LastMove::goid);
    return waits;
  }
  static auto sorted(const SeenCreations& creations) {
    std::vector<std::tuple<std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t>> out;
    for (const SeenCreation& c : creations.creations)
      out.emplace_back(c.goid, c.creator, c.stack, c.gopc, c.startpc);
    std::ranges::sort(out);
    return out;
  }
  static void expect_same_open(const Model& whole, const Model& other, std::uint64_t at) {
    const OpenWaits a = sorted(whole.open_waits(at)), b = sorted(other.open_waits(at));
    ASSERT_EQ(a.waits.size(), b.waits.size());
    for (std::size_t i = 0; i < a.waits.size(); ++i) {
      EXPECT_EQ(std::tuple(a.waits[i].goid, a.waits[i].since_ns, a.waits[i].reason, a.waits[i].park_seen),
                std::tuple(b.waits[i].goid, b.waits[i].since_ns, b.waits[i].reason, b.waits[i].park_seen));
    }
    ASSERT_EQ(a.moves.size(), b.moves.size());
    for (std::size_t i = 0; i < a.moves.size(); ++i) EXPECT_EQ(a.moves[i].at_ns, b.moves[i].at_ns);
    EXPECT_EQ(sorted(whole.creations()), sorted(other.creations()));
    OpenState x = whole.open_state(at), y = other.open_state(at);
    x.objects.clear();  // who waited last: open_state.h
    y.objects.clear();
    EXPECT_TRUE(x.goroutines == y.goroutines);
    EXPECT_TRUE(x.lineage == y.lineage);
    EXPECT_TRUE(x.exits == y.exits);
    EXPECT_TRUE(x == y);
  }

  // Takes checkpoints on the way, and compares all that began from one with the whole.
  void play_through(const std::vector<Op>& ops, std::size_t branches) {
    std::mt19937_64 random(GetParam());
    const std::size_t part = ops.size() / (branches + 1);
    std::uint64_t now = 0, next_branch = random() % part, next_check = 0;
    for (std::size_t i = 0; i < ops.size(); ++i) {
      ops[i].apply(whole_);
      for (Branch& b : branches_) ops[i].apply(*b.model);
      now = std::max(now, ops[i].at_ns);
      if (i == next_branch) {
        next_branch += 1 + part / 2 + random() % part;
        begin_from_here(now + random() % 3);
      }
      if (i != next_check && i + 1 != ops.size()) continue;
      next_check += 1 + random() % (ops.size() / 8);
      compare(now + random() % 100);
      if (HasFailure()) FAIL() << "op " << i;
    }
    EXPECT_GT(branches_.size(), 1u);
    EXPECT_GT(ways_, 5u);
    EXPECT_GT(objects_, 5u);
  }

  // One word of it is any other.
  static void spoil(OpenState& state, std::mt19937_64& random) {
    const std::uint64_t words[] = {0,        1,     random() % 50,    random() % 200'000,
                                   random(), kNone, ~std::uint64_t{0}};
    const std::uint64_t word = words[random() % std::size(words)];
    OpenGoroutine& g = state.goroutines[random() % state.goroutines.size()];
    OpenCreation& c = state.lineage[random() % state.lineage.size()];
    switch (random() % 17) {
      case 0:
        g.goid = word;
        return;
      case 1:
        g.since_ns = word;
        return;
      case 2:
        g.last_ns = g.created_ns = word;
        return;
      case 3:
        g.state = static_cast<GState>(word);
        return;
      case 4:
        g.made = static_cast<std::uint32_t>(word);
        return;
      case 5:
        g.gopc = word;
        return;
      case 6:
        g.wait = {.row = {.stack = word, .reason = static_cast<std::uint8_t>(word), .others = word % 7 == 1},
                  .from_ns = word,
                  .park_seen = word % 2 == 0,
                  .object = {static_cast<ObjectRow::Kind>(word % 4), word}};
        return;
      case 7:
        g.wait.reset();
        return;
      case 8:
        g.semaphore = word;
        return;
      case 9:
        c.goid = word;
        return;
      case 10:
        c.up = static_cast<std::uint32_t>(word);
        return;
      case 11:
        c.gopc = word;
        return;
      case 12:
        state.at_ns = word;
        return;
      case 13:
        state.told_ns = state.lossy_until_ns = word;
        return;
      case 14:
        state.exits.push_back({word, word});
        return;
      case 15:
        state.pauses = {.pause = OpenPauses::Pause{word, static_cast<std::uint8_t>(word)},
                        .collection = OpenPauses::Collection{word, true},
                        .spans = {{word / 2, word, 1}}};
        return;
      default:
        state.objects.push_back({{ObjectRow::Kind::kSemaphore, word}, word, 3});
    }
  }

  void begin_from_here(std::uint64_t at) {
    const Tables before = whole_.tables(at);
    branches_.push_back({before, restored(whole_.open_state(at))});
    EXPECT_TRUE(whole_.tables(at) == before) << "to ask changes nothing";
    // And from what began from another one.
    if (branches_.size() > 1)
      branches_.push_back({before, restored(branches_.front().model->open_state(at))});
  }

  void compare(std::uint64_t at) {
    const Tables t = whole_.tables(at);
    for (const Branch& b : branches_) {
      SCOPED_TRACE(std::to_string(b.before.at_ns) + " to " + std::to_string(at));
      const RestoredIsTheDifference compared(b.before, t, b.model->tables(at));
      ways_ += compared.ways_compared;
      objects_ += compared.objects_compared;
      pauses_ += compared.pauses_compared;
      expect_same_open(whole_, *b.model, at);
    }
  }

  Model whole_{labelled_config()};
  std::vector<Branch> branches_;
  std::size_t ways_ = 0, objects_ = 0, pauses_ = 0;
};

TEST_P(Restored, TellsWhatTheWholesAnswersDifferBy) {
  play_through(RandomOps(GetParam(), 5000, {.disturbed = 10 + GetParam() * 5}).all(), 5);
  const Tables t = whole_.tables(0);
  EXPECT_GT(t.gaps, 2u);
  EXPECT_GT(t.late, 10u);
  EXPECT_GT(t.created_system, 3u);
}

TEST_P(Restored, OfAStreamWithoutLossKnowsAllAndNothingIsIllegal) {
  play_through(RandomOps(GetParam(), 4000, {.lossless = true, .disturbed = 700}).all(), 3);
  EXPECT_EQ(whole_.tables(0).illegal, 0u);
  EXPECT_GT(pauses_, 0u);
  for (const Branch& b : branches_) {
    const Tables t = b.model->tables(0);
    EXPECT_EQ(t.illegal, 0u);
    EXPECT_EQ(std::accumulate(t.state_ns.begin(), t.state_ns.end(), std::uint64_t{0}), t.live_integral_ns);
    EXPECT_EQ(t.stacks_undefined, 0u);
  }
}

TEST_P(Restored, OfRubbishTellsNoLess) {
  play_through(rubbish(GetParam(), 10000), 4);
}

// Whatever a file says, a model that takes it works on.
TEST_P(Restored, FromWhatIsNotOneEitherRefusesOrGoesOn) {
  const std::vector<Op> ops = rubbish(GetParam(), 4000);
  const std::size_t half = ops.size() / 2;
  for (std::size_t i = 0; i < half; ++i) ops[i].apply(whole_);
  const OpenState good = whole_.open_state(0);
  std::mt19937_64 random(GetParam());
  std::size_t refused = 0, taken = 0;
  for (int round = 0; round < 150; ++round) {
    OpenState bad = good;
    for (std::uint64_t n = 1 + random() % 4; n > 0; --n) spoil(bad, random);
    Model model(labelled_config());
    if (!model.restore(bad)) {
      ++refused;
      continue;
    }
    ++taken;
    for (std::size_t i = half; i < half + 200; ++i) ops[i].apply(model);
    (void)model.tables(0);
    (void)model.open_waits(0);
    Model again(labelled_config());
    EXPECT_TRUE(again.restore(model.open_state(0)));
  }
  EXPECT_GT(refused, 10u);
  EXPECT_GT(taken, 10u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Restored, ::testing::Range(std::uint64_t{1}, std::uint64_t{13}));

class OpenStateTest : public ModelTest {
 protected:
  std::unique_ptr<Model> restored(std::uint64_t at) {
    auto other = std::make_unique<Model>(test_config());
    EXPECT_TRUE(other->restore(model.open_state(at)));
    return other;
  }
};

TEST_F(OpenStateTest, AWaitThatGoesOnCountsFromTheCheckpointAndHasItsWholeLength) {
  create(2000, 1);
  run(2100, 1);
  park(2200, 1);
  const auto other = restored(3000);
  Tables t = other->tables(3500);
  ASSERT_EQ(t.blocking.size(), 1u);
  EXPECT_EQ(t.blocking[0].in_window_ns, 500u);
  EXPECT_EQ(t.blocking[0].blocked_now, 1u);
  EXPECT_EQ(t.blocking[0].oldest_ns, 1300u);
  EXPECT_FALSE(t.blocking[0].oldest_is_lower_bound);
  EXPECT_EQ(t.created + t.parks, 0u);
  EXPECT_EQ(t.covered[GT_GROUP_BLOCK], (std::vector<Interval>{{3000, 3500}}));
  gt_record r = event(GT_HOOK_READY, 4000, 1, 9);
  other->apply(r);
  other->apply(event(GT_HOOK_EXECUTE, 4100, 1));
  t = other->tables(4200);
  EXPECT_EQ(t.blocking[0].waits.total(), 1800u);
  EXPECT_EQ(t.blocking[0].in_window_ns, 1000u);
  EXPECT_EQ(t.latency.histogram.total(), 100u);
  EXPECT_EQ(in(t, GState::kWaiting), 1000u);
  EXPECT_EQ(in(t, GState::kRunnable), 100u);
  EXPECT_EQ(t.live_integral_ns, 1200u);
}

TEST_F(OpenStateTest, AWakeUpThatIsOnItsWayHasItsWholeLatency) {
  create(2000, 1);
  run(2100, 1);
  park(2200, 1);
  ready(2500, 1);
  const auto other = restored(3000);
  other->apply(event(GT_HOOK_EXECUTE, 3100, 1));
  const Tables t = other->tables(3200);
  EXPECT_EQ(t.latency.histogram.total(), 600u);
  EXPECT_EQ(in(t, GState::kRunnable), 100u);
  ASSERT_EQ(t.creation.size(), 1u);
  EXPECT_EQ(t.creation[0].runnable_ns, 100u);
}

TEST_F(OpenStateTest, NoWaitCrossesAGapBeforeTheCheckpointOrIn) {
  create(2000, 1);
  run(2100, 1);
  park(2200, 1);
  gap(2500, 3500);
  const auto other = restored(3000);
  other->apply(event(GT_HOOK_READY, 3200, 1, 9));  // its run may be among what was lost
  Tables t = other->tables(3400);
  EXPECT_EQ(in(t, GState::kUnknown), 400u);
  other->apply(event(GT_HOOK_EXECUTE, 3600, 1));
  t = other->tables(3700);
  EXPECT_EQ(t.latency.histogram.count(), 0u);
  EXPECT_EQ(in(t, GState::kRunning), 100u);
  EXPECT_TRUE(t.blocking.empty());
  EXPECT_EQ(t.covered[GT_GROUP_BLOCK], (std::vector<Interval>{{3500, 3700}}));
}

// Read by a look that goes on while the checkpoint is taken.
TEST_F(OpenStateTest, WhoHasExitedIsNotRevived) {
  constexpr std::uint64_t s = 1'000'000'000;
  create(10 * s, 1);
  run(10 * s + 1, 1);
  exit(20 * s, 1);
  create(20 * s, 2);
  const auto other = restored(20 * s + 10);
  other->apply(snapshot(20 * s - 10, 20 * s + 20, {seen(1, GStatus::kRunning, 20 * s - 5)}));
  EXPECT_EQ(other->tables(21 * s).live, 1u);
  // One that began so early that the exits of its time are not all there leaves to the next what it read
  // then.
  other->apply(
      snapshot(15 * s, 22 * s, {seen(3, GStatus::kRunning, 16 * s), seen(2, GStatus::kRunning, 21 * s)}));
  EXPECT_EQ(other->tables(22 * s).live, 1u);
}

TEST_F(OpenStateTest, ACreatorThatIsGoneIsStillTheWay) {
  model.define(30, std::make_shared<const StackPcs>(StackPcs{{1}, false, true}));
  create(2000, 1, 0x4000, 30);
  gt_record r = event(GT_HOOK_CREATE, 2100, 2, 31);
  r.flags = GT_ACTOR_GOROUTINE;
  r.other = 1;
  r.object = 0x4200;
  r.extra = 0x4444;
  apply(r);
  run(2150, 1);
  exit(2200, 1);
  const OpenState state = model.open_state(3000);
  ASSERT_EQ(state.lineage.size(), 2u);
  EXPECT_EQ(state.lineage[1].up, 0u);
  const auto other = restored(3000);
  const Tables t = other->tables(3000);
  ASSERT_EQ(t.creation.size(), 1u) << "the site of who is gone has no row";
  ASSERT_EQ(t.creation[0].origins.size(), 1u);
  ASSERT_EQ(t.creation[0].origins[0].links.size(), 2u);
  EXPECT_EQ(t.creation[0].origins[0].links[1].stack, 30u);
  EXPECT_EQ(t.creation[0].origins[0].live, 1u);
  EXPECT_EQ(t.creation[0].origins[0].created, 0u);
  std::vector<std::uint64_t> stacks;
  state.each_stack([&](std::uint64_t id) { stacks.push_back(id); });
  std::ranges::sort(stacks);
  EXPECT_EQ(stacks, (std::vector<std::uint64_t>{30, 31}));
}

TEST_F(OpenStateTest, WhoIsMadeLaterByTheSameStackIsOfTheSameOrigin) {
  create(2000, 1, 0x4000, 30);
  const auto other = restored(3000);
  gt_record r = event(GT_HOOK_CREATE, 3100, 2, 30);
  r.object = 0x4100;
  r.extra = 0x4000;
  other->apply(r);
  const Tables t = other->tables(3200);
  ASSERT_EQ(t.creation.size(), 1u);
  ASSERT_EQ(t.creation[0].origins.size(), 1u);
  EXPECT_EQ(t.creation[0].origins[0].live, 2u);
  EXPECT_EQ(t.creation[0].origins[0].created, 1u);
}

TEST_F(OpenStateTest, WhoWaitedLastIsKnownWhereSomebodyWaits) {
  for (const std::uint64_t goid : {1u, 2u}) {
    create(2000, goid);
    run(2100, goid);
  }
  park(2200, 1, kChanReceive, 5, 0xc000);
  park(2300, 2, kChanReceive, 6, 0xc000);
  ready(2400, 2);
  const Tables t = restored(3000)->tables(3000);
  ASSERT_EQ(t.objects.size(), 1u);
  EXPECT_EQ(t.objects[0].waiter_stack, 6u);
  EXPECT_EQ(t.objects[0].blocked_now, 1u);
  EXPECT_EQ(t.objects[0].waits, 0u);
}

// What a checkpoint may take from the models' thread: printed.
TEST_F(OpenStateTest, CostOfAHundredThousandGoroutines) {
  constexpr std::uint64_t kMany = 100'000;
  for (std::uint64_t goid = 1; goid <= kMany; ++goid) {
    create(2000 + goid, goid, 0x4000 + goid % 100, 30 + goid % 50);
    run(2000 + goid, goid);
    park(2000 + goid, goid, goid % 3 == 0 ? kMutexLock : kChanReceive, 1 + goid % 500,
         0xc000 + goid % 1000 * 8);
  }
  const auto ms = [](auto from) {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - from).count();
  };
  auto from = std::chrono::steady_clock::now();
  const OpenState state = model.open_state(kMany * 2);
  std::printf("open state of %zu goroutines: %.1f ms", state.goroutines.size(), ms(from));
  from = std::chrono::steady_clock::now();
  Model other(test_config());
  EXPECT_TRUE(other.restore(state));
  std::printf(", restored in %.1f ms\n", ms(from));
  EXPECT_EQ(other.totals(0).live, kMany);
}

}  // namespace
}  // namespace gorotrace
