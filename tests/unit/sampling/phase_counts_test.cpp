// Counts of the whole window out of phases, against the truth of simulated programs that run slower while
// they are traced. Seeds are fixed.
#include "sampling/phase_counts.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <random>

namespace gorotrace {
namespace {

constexpr std::uint64_t kMs = 1'000'000;

BlockingKey key(std::uint64_t stack) {
  return {.stack = stack, .reason = 3};
}

// What a program has done so far: goroutines that left running, and waits that began in two rows.
struct Program {
  std::uint64_t now_ms = 0, left = 0, calls = 0, folded = 0;
  std::uint64_t waits[2] = {}, seen[2] = {};
  bool traced = false;

  [[nodiscard]] PhaseCounts::Reading reading() const { return {now_ms * kMs, left / 8, calls, 0}; }
  [[nodiscard]] BegunWaits begun() const { return {{{key(1), seen[0]}, {key(2), seen[1]}}, folded}; }
  void told_to(PhaseCounts& counts) const {
    counts.read(reading(), [this] { return begun(); });
  }
  void did(std::uint64_t leaves, std::uint64_t first, std::uint64_t second) {
    left += leaves;
    waits[0] += first;
    waits[1] += second;
    if (!traced) return;
    seen[0] += first;
    seen[1] += second;
  }
};

Tables over(const PhaseCounts& counts) {
  Tables tables;
  for (const std::uint64_t stack : {1, 2, 3}) {
    BlockingRow& row = tables.blocking.emplace_back();
    row.reason = 3;
    row.stack = stack;
  }
  counts.over(tables);
  return tables;
}

// `phases` in turn with as many stretches that nobody traces, in which the program is 20 times as fast.
Program alternating(PhaseCounts& counts, int phases) {
  Program p;
  p.told_to(counts);
  for (int i = 0; i < phases; ++i) {
    p.traced = true;
    counts.block(true);
    p.told_to(counts);
    p.now_ms += 100;
    p.did(800, 600, 0);
    p.told_to(counts);
    p.traced = false;
    counts.block(false);
    p.now_ms += 900;
    p.did(144'000, 108'000, 0);
    p.told_to(counts);
  }
  return p;
}

TEST(PhaseCounts, are_by_what_the_runtime_counted_and_not_by_time) {
  PhaseCounts counts;
  const Program p = alternating(counts, 10);
  const Tables t = over(counts);
  ASSERT_TRUE(t.phases);
  EXPECT_EQ(t.phases->count, 10u);
  EXPECT_EQ(t.phases->window, (Interval{0, 10'000 * kMs}));
  ASSERT_TRUE(t.blocking[0].begun);
  EXPECT_EQ(t.blocking[0].begun->count, p.waits[0]);
  EXPECT_EQ(t.blocking[0].begun->error, 0u) << "each phase says the same";
  EXPECT_FALSE(t.blocking[1].begun) << "no phase saw one";
  EXPECT_FALSE(t.blocking[2].begun);
}

TEST(PhaseCounts, go_by_the_count_that_they_keep_to) {
  PhaseCounts counts;
  Program p;
  std::mt19937_64 random(1);
  // Three waits for each system call; that goroutines stop running has many other reasons.
  const auto act = [&](std::uint64_t calls) {
    p.calls += calls;
    p.did(calls * (3 + random() % 20), calls * 3, 0);
  };
  p.told_to(counts);
  for (int i = 0; i < 10; ++i) {
    p.traced = true;
    counts.block(true);
    p.told_to(counts);
    p.now_ms += 100;
    act(100);
    p.told_to(counts);
    p.traced = false;
    counts.block(false);
    p.now_ms += 400;
    act(2000);
    p.told_to(counts);
  }
  const EstimatedCount begun = *over(counts).blocking[0].begun;
  EXPECT_EQ(begun.by, GoesBy::kSyscalls);
  EXPECT_EQ(begun.count, p.waits[0]);
  EXPECT_EQ(begun.error, 0u);
}

// Calls that somebody makes by the clock, as often as waits begin in the phases.
TEST(PhaseCounts, that_go_by_two_counts_which_contradict_each_other_have_no_error) {
  PhaseCounts counts;
  Program p;
  p.told_to(counts);
  for (int i = 0; i < 10; ++i) {
    p.traced = true;
    counts.block(true);
    p.told_to(counts);
    p.now_ms += 100;
    p.calls += 600;
    p.did(800 + static_cast<std::uint64_t>(i), 600, 0);
    p.told_to(counts);
    p.traced = false;
    counts.block(false);
    p.now_ms += 900;
    p.calls += 5400;
    p.did(144'000, 108'000, 0);
    p.told_to(counts);
  }
  ASSERT_TRUE(over(counts).blocking[0].begun);
  EXPECT_FALSE(over(counts).blocking[0].begun->error);
}

TEST(PhaseCounts, what_timers_end_goes_by_the_clock) {
  PhaseCounts counts;
  (void)alternating(counts, 10);  // phases are a tenth of the time
  Tables tables;
  BlockingRow& row = tables.blocking.emplace_back();
  row.reason = 3;
  row.stack = 1;
  row.wakers = {{WakerKind::kTimer, 0, 60}, {WakerKind::kGoroutine, 7, 40}};
  counts.over(tables);
  ASSERT_TRUE(row.begun);
  EXPECT_EQ(row.begun->by, GoesBy::kTime);
  EXPECT_EQ(row.begun->count, 10 * 600u * 10);
  row.wakers[0].count = 40;
  counts.over(tables);
  EXPECT_EQ(row.begun->by, GoesBy::kTimedRuns);
}

// The runtime's counts could not be read, and what it counts is far rarer than the waits.
TEST(PhaseCounts, where_nothing_is_counted_that_a_row_goes_by_there_is_no_estimate) {
  PhaseCounts counts;
  Program p;
  const auto told = [&] { counts.read({p.now_ms * kMs, 0, 0, 0}, [&] { return p.begun(); }); };
  told();
  for (int i = 0; i < 10; ++i) {
    p.traced = true;
    counts.block(true);
    told();
    p.now_ms += 100;
    p.did(800, 600, 0);
    told();
    p.traced = false;
    counts.block(false);
    p.now_ms += 900;
    told();
  }
  EXPECT_FALSE(over(counts).blocking[0].begun);
  Tables tables;
  BlockingRow& row = tables.blocking.emplace_back();
  row.reason = 3;
  row.stack = 1;
  row.wakers = {{WakerKind::kTimer, 0, 600}};
  counts.over(tables);
  ASSERT_TRUE(row.begun) << "the clock is always there";
  EXPECT_EQ(row.begun->by, GoesBy::kTime);
}

TEST(PhaseCounts, of_fewer_than_eight_phases_have_no_error) {
  PhaseCounts few, enough;
  (void)alternating(few, 7);
  (void)alternating(enough, 8);
  EXPECT_FALSE(over(few).blocking[0].begun->error);
  EXPECT_TRUE(over(enough).blocking[0].begun->error);
}

TEST(PhaseCounts, of_a_single_phase_there_are_none) {
  PhaseCounts one;
  (void)alternating(one, 1);
  const Tables t = over(one);
  EXPECT_FALSE(t.phases);
  EXPECT_FALSE(t.blocking[0].begun);
}

TEST(PhaseCounts, a_phase_counts_from_reading_to_reading) {
  PhaseCounts counts;
  Program p = alternating(counts, 2);
  const Tables before = over(counts);
  counts.block(true);
  p.traced = true;
  p.did(8, 8, 8);
  counts.block(false);  // none was read in it
  counts.block(true);
  p.told_to(counts);
  p.did(8, 8, 8);
  counts.block(false);  // and one alone is no stretch
  EXPECT_EQ(over(counts).phases->count, before.phases->count);
}

TEST(PhaseCounts, what_was_counted_across_a_loss_is_left_out) {
  PhaseCounts counts;
  Program p = alternating(counts, 2);
  counts.block(true);
  p.traced = true;
  p.told_to(counts);
  p.did(800, 600, 0);
  counts.lost();
  p.told_to(counts);
  p.did(800, 600, 0);
  p.told_to(counts);
  counts.block(false);
  EXPECT_EQ(over(counts).phases->count, 3u);
  EXPECT_EQ(over(counts).blocking[0].begun->count, p.waits[0]);
}

TEST(PhaseCounts, a_phase_in_which_rows_were_folded_is_left_out) {
  PhaseCounts counts;
  Program p = alternating(counts, 2);
  counts.block(true);
  p.traced = true;
  p.told_to(counts);
  p.did(800, 1, 0);
  p.folded = 1;
  p.told_to(counts);
  counts.block(false);
  EXPECT_EQ(over(counts).phases->count, 2u);
}

TEST(PhaseCounts, a_reading_of_another_histogram_says_nothing) {
  PhaseCounts counts;
  Program p = alternating(counts, 8);
  const Tables before = over(counts);
  counts.read({p.now_ms * kMs + 1, 0, 0, 0}, [&p] { return p.begun(); });
  EXPECT_EQ(over(counts).blocking[0].begun, before.blocking[0].begun);
}

// One window: of 20 s, with a phase every second. `mix` gives the waits of both rows for each that leaves
// running, by the time.
using Mix = double (*)(double seconds, double noise, int row);
Program window(PhaseCounts& counts, std::mt19937_64& random, Mix mix) {
  std::uniform_real_distribution<double> any(0, 1);
  std::normal_distribution<double> step(0, 1);
  Program p;
  double noise = 0;
  const auto act = [&](std::uint64_t ms) {
    for (std::uint64_t i = 0; i < ms; i += 10) {
      noise = 0.98 * noise + 0.2 * step(random);
      const double seconds = static_cast<double>(p.now_ms) / 1000, per_10ms = p.traced ? 300 : 2000;
      const auto leaves =
          std::poisson_distribution<std::uint64_t>(per_10ms * (1 + 0.3 * any(random)))(random);
      const auto of = [&](int row) {
        return std::binomial_distribution<std::uint64_t>(leaves, mix(seconds, noise, row))(random);
      };
      p.did(leaves, of(0), of(1));
      p.now_ms += 10;
    }
  };
  p.told_to(counts);
  while (p.now_ms < 20'000) {
    act(10 * static_cast<std::uint64_t>(20 + 120 * any(random)));
    p.traced = true;
    counts.block(true);
    p.told_to(counts);
    act(10 * static_cast<std::uint64_t>(5 + 20 * any(random)));
    p.told_to(counts);
    counts.block(false);
    p.traced = false;
  }
  p.told_to(counts);
  return p;
}

// most: of a mix that changes slowly phases spread over all of it know more than as many at random would,
// which the error, of those at random, does not know.
void hold(const char* what, Mix mix, double most) {
  constexpr int kWindows = 400;
  std::mt19937_64 random(1);
  for (int row = 0; row < 2; ++row) {
    int inside = 0;
    double z = 0, error = 0;
    for (int i = 0; i < kWindows; ++i) {
      PhaseCounts counts;
      const Program p = window(counts, random, mix);
      const Tables tables = over(counts);
      const EstimatedCount& begun = *tables.blocking[static_cast<std::size_t>(row)].begun;
      ASSERT_TRUE(begun.error);
      const double off = static_cast<double>(begun.count) - static_cast<double>(p.waits[row]);
      const auto e = static_cast<double>(*begun.error);
      if (std::abs(off) <= 1.96 * e) ++inside;
      z += off / e;
      error += e / static_cast<double>(p.waits[row]);
    }
    const double share = 100.0 * inside / kWindows;
    std::printf("%-20s row %d: %5.1f %% inside, mean z %+.2f, error %.2f %%\n", what, row, share,
                z / kWindows, 100 * error / kWindows);
    EXPECT_GE(share, 91) << what;
    EXPECT_LE(share, most) << what;
    EXPECT_LT(std::abs(z / kWindows), 4 / std::sqrt(kWindows)) << what;
  }
}

TEST(PhaseCounts, errors_hold_the_truth_where_the_mix_is_steady) {
  hold("steady", [](double, double, int row) { return row == 0 ? 0.6 : 0.02; }, 98);
}

TEST(PhaseCounts, errors_hold_the_truth_where_the_mix_wanders) {
  hold(
      "wandering",
      [](double, double noise, int row) { return (row == 0 ? 0.5 : 0.1) * (1 + 0.5 * std::tanh(noise / 2)); },
      99.9);
}

TEST(PhaseCounts, errors_hold_the_truth_where_the_mix_comes_in_waves) {
  hold(
      "waves",
      [](double seconds, double, int row) {
        return (row == 0 ? 0.5 : 0.05) * (1 + 0.8 * std::sin(seconds * 2.7));
      },
      99.9);
}

}  // namespace
}  // namespace gorotrace
