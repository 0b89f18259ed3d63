// Random programs of goroutines against a naive simulator that knows the truth, with and without loss.
#include <algorithm>
#include <random>

#include "random_trace.h"

namespace gorotrace {
namespace {

class Random : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  Random() {
    model.describe(kSystemStart, true);
    for (int g = 0; g <= GT_GROUP_SYSCALL; ++g) model.group(static_cast<gt_group>(g), true, 1000);
  }
  static void expect_invariant(const Tables& t) {
    EXPECT_EQ(std::accumulate(t.state_ns.begin(), t.state_ns.end(), std::uint64_t{0}), t.live_integral_ns);
    EXPECT_EQ(std::accumulate(t.in_state.begin(), t.in_state.end(), std::uint64_t{0}), t.live);
    // Of goroutines whose go statement nobody saw no site tells.
    EXPECT_LE(runnable_of_sites(t), t.state_ns[static_cast<std::size_t>(GState::kRunnable)]);
  }
  static std::uint64_t runnable_of_sites(const Tables& t) {
    std::uint64_t ns = 0;
    for (const CreationRow& row : t.creation) ns += row.system ? 0 : row.runnable_ns;
    return ns;
  }
  Model model{test_config()};
};

TEST_P(Random, without_loss_everything_equals_the_truth) {
  const Truth truth = play(GetParam(), 20000);
  for (const gt_record& r : truth.events) {
    model.apply(r);
    if (r.time_ns % 97 == 0) expect_invariant(model.totals(r.time_ns));
  }
  const Tables t = model.tables(truth.end_ns);
  expect_invariant(t);
  EXPECT_EQ(t.illegal, 0u);
  EXPECT_EQ(t.created, truth.created);
  EXPECT_EQ(t.exited, truth.exited);
  EXPECT_EQ(t.state_ns, truth.state_ns);
  EXPECT_EQ(runnable_of_sites(t), truth.state_ns[static_cast<std::size_t>(GState::kRunnable)]);
  std::uint64_t runnable_now = 0;
  for (const CreationRow& row : t.creation) runnable_now += row.system ? 0 : row.runnable_now;
  EXPECT_EQ(runnable_now, t.in_state[static_cast<std::size_t>(GState::kRunnable)]);
  EXPECT_EQ(t.latency.histogram.count(), truth.latencies);
  EXPECT_EQ(t.latency.histogram.total(), truth.latency_ns);
  std::size_t ended = 0;
  for (const BlockingRow& row : t.blocking) {
    if (row.waits.count() == 0) continue;
    ++ended;
    EXPECT_EQ(row.waits.total(), truth.waits.at(row.stack));
    EXPECT_EQ(row.in_window_ns, truth.waits.at(row.stack));
  }
  EXPECT_EQ(ended, truth.waits.size());
}

TEST_P(Random, with_loss_every_wait_that_is_told_is_true_and_nothing_crosses_a_gap) {
  const Truth truth = play(GetParam(), 20000);
  std::mt19937_64 random(GetParam() ^ 0xabcdef);
  std::vector<Interval> gaps;
  std::uint64_t received = 0, lost = 0;
  for (std::size_t i = 0; i < truth.events.size();) {
    if (random() % 300 != 0) {
      model.apply(truth.events[i++]);
      ++received;
      continue;
    }
    // What is lost lies anywhere between two moments; others between them come through.
    const std::size_t end = std::min(truth.events.size(), i + 1 + random() % 60);
    const std::uint64_t from = i == 0 ? 0 : truth.events[i - 1].time_ns;
    gaps.push_back({from, truth.events[end - 1].time_ns + 1});
    model.gap(gaps.back().from_ns, gaps.back().to_ns);
    for (; i < end; ++i) {
      if (random() % 2 == 0) {
        ++lost;
        continue;
      }
      model.apply(truth.events[i]);
      ++received;
    }
  }
  ASSERT_GT(lost, 100u);
  EXPECT_EQ(received + lost, truth.events.size());
  const Tables t = model.tables(truth.end_ns);
  expect_invariant(t);
  EXPECT_EQ(t.illegal, 0u);
  EXPECT_LE(t.latency.histogram.count(), truth.latencies);
  EXPECT_LE(t.latency.histogram.total(), truth.latency_ns);
  std::size_t told = 0;
  for (const BlockingRow& row : t.blocking) {
    if (row.waits.count() == 0) continue;
    ++told;
    ASSERT_TRUE(truth.waits.contains(row.stack));
    EXPECT_EQ(row.waits.total(), truth.waits.at(row.stack));
  }
  EXPECT_GT(told, truth.waits.size() / 4);
  for (std::size_t s = 1; s < kGStates; ++s) EXPECT_LE(t.state_ns[s], truth.state_ns[s]) << s;
}

TEST_P(Random, rubbish_in_any_order_never_breaks_the_invariant) {
  std::mt19937_64 random(GetParam());
  std::uint64_t t = 2000;
  for (int i = 0; i < 50000; ++i) {
    t += random() % 20;
    gt_record r = event(static_cast<gt_hook>(random() % (GT_HOOK_COUNT + 2)), t - random() % 200,
                        random() % 40, random() % 20);
    r.detail = static_cast<gt_u8>(random());
    r.flags = static_cast<gt_u8>(random());
    r.object = random() % 10;
    r.extra = random() % 4 == 0 ? kSystemStart : random() % 5;
    model.apply(r);
    const std::uint64_t what = random() % 400;
    if (what == 0) model.gap(t - random() % 100, t + random() % 100);
    if (what == 1) model.group(static_cast<gt_group>(random() % GT_GROUP_COUNT), random() % 2 == 0, t);
    if (what == 2) {
      Snapshot s;
      s.counts.begin_ns = t - 150;
      s.counts.end_ns = t;
      for (int k = 0; k < 20; ++k) {
        GoroutineSnapshot g;
        g.goid = random() % 40;
        g.status = static_cast<GStatus>(random() % 12);
        g.read_at_ns = t - random() % 150;
        g.startpc = random() % 4 == 0 ? kSystemStart : random() % 5;
        g.waited_at_ns = random() % (2 * t);
        s.goroutines.push_back(g);
      }
      model.apply(s);
    }
    if (i % 50 == 0) expect_invariant(model.tables(t));
  }
  expect_invariant(model.tables(t + 1000));
}

INSTANTIATE_TEST_SUITE_P(Seeds, Random, ::testing::Range(std::uint64_t{1}, std::uint64_t{9}));

}  // namespace
}  // namespace gorotrace
