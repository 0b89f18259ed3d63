// Counts of the whole window out of phases, against the truth of simulated programs that run slower while
// they are traced. Seeds are fixed.
#include "sampling/phase_counts.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <random>

namespace gorotrace {
namespace {

constexpr std::uint64_t kPhaseMs = 1'000'000;

BlockingKey key(std::uint64_t stack) {
  return {.stack = stack, .reason = 3};
}

// What a program has done so far: goroutines that left running, and waits that began in two rows.
struct Program {
  std::uint64_t now_ms = 0, left = 0, calls = 0, folded = 0;
  std::uint64_t waits[2] = {}, seen[2] = {};
  bool traced = false;

  [[nodiscard]] PhaseCounts::Reading reading() const { return {now_ms * kPhaseMs, left / 8, calls, 0}; }
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
  EXPECT_EQ(t.phases->window, (Interval{0, 10'000 * kPhaseMs}));
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
  const auto told = [&] { counts.read({p.now_ms * kPhaseMs, 0, 0, 0}, [&] { return p.begun(); }); };
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
  counts.read({p.now_ms * kPhaseMs + 1, 0, 0, 0}, [&p] { return p.begun(); });
  EXPECT_EQ(over(counts).blocking[0].begun, before.blocking[0].begun);
}

// One window: of 20 s, with a phase every second.
struct Window {
  PhaseCounts counts;
  Program program;
};

// act: what the program does in 10 ms.
template <typename Act>
void run_window(Window& w, std::mt19937_64& random, Act act) {
  std::uniform_real_distribution<double> any(0, 1);
  Program& p = w.program;
  const auto for_ms = [&](std::uint64_t ms) {
    for (std::uint64_t i = 0; i < ms; i += 10) {
      act(p);
      p.now_ms += 10;
    }
  };
  p.told_to(w.counts);
  while (p.now_ms < 20'000) {
    for_ms(10 * static_cast<std::uint64_t>(20 + 120 * any(random)));
    p.traced = true;
    w.counts.block(true);
    p.told_to(w.counts);
    for_ms(10 * static_cast<std::uint64_t>(5 + 20 * any(random)));
    p.told_to(w.counts);
    w.counts.block(false);
    p.traced = false;
  }
  p.told_to(w.counts);
}

// Requests, each of which leaves running 40 times and waits four and three times. Some are under way when a
// phase begins or ends.
TEST(PhaseCounts, errors_hold_the_truth_of_waits_that_each_request_has) {
  constexpr int kWindows = 400;
  std::mt19937_64 random(1);
  int inside = 0;
  double z = 0, error = 0;
  for (int i = 0; i < kWindows; ++i) {
    Window w;
    std::uint64_t ahead[2] = {};  // waits of requests that have not left running as often yet
    run_window(w, random, [&](Program& p) {
      const std::uint64_t requests = std::poisson_distribution<std::uint64_t>(p.traced ? 15 : 100)(random);
      std::uint64_t waits[2];
      for (int row = 0; row < 2; ++row) {
        const std::uint64_t now = random() % (row == 0 ? 5 : 4);
        waits[row] = requests * (row == 0 ? 4 : 3) + now - ahead[row];
        if (waits[row] > 1'000'000) waits[row] = 0;  // none were left to begin
        ahead[row] = waits[row] == 0 ? ahead[row] : now;
      }
      p.did(40 * requests, waits[0], waits[1]);
    });
    const Tables tables = over(w.counts);
    for (std::size_t row = 0; row < 2; ++row) {
      const EstimatedCount& begun = *tables.blocking[row].begun;
      ASSERT_TRUE(begun.error) << "window " << i;
      const double off = static_cast<double>(begun.count) - static_cast<double>(w.program.waits[row]);
      const auto e = static_cast<double>(*begun.error);
      if (std::abs(off) <= 1.96 * e + 1) ++inside;
      z += off / (e + 1);
      error += e / static_cast<double>(w.program.waits[row]);
    }
  }
  const double share = 100.0 * inside / (2 * kWindows);
  std::printf("%5.1f %% inside, mean z %+.2f, error %.3f %%\n", share, z / (2 * kWindows),
              100 * error / (2 * kWindows));
  EXPECT_GE(share, 91);
  EXPECT_LT(std::abs(z / (2 * kWindows)), 0.2);
}

// Whether one waits is a matter of chance, and the chances are others while the program is slowed down.
TEST(PhaseCounts, of_waits_that_somebody_has_or_has_not_tell_no_error) {
  std::mt19937_64 random(1);
  int told = 0, of = 0;
  for (int i = 0; i < 100; ++i) {
    Window w;
    run_window(w, random, [&](Program& p) {
      const std::uint64_t leaves = std::poisson_distribution<std::uint64_t>(p.traced ? 300 : 2000)(random);
      const auto first = std::binomial_distribution<std::uint64_t>(leaves, p.traced ? 0.26 : 0.41)(random);
      p.did(leaves, first, leaves - first);
    });
    for (const BlockingRow& row : over(w.counts).blocking) {
      if (!row.begun) continue;
      ++of;
      told += row.begun->error.has_value();
    }
  }
  EXPECT_EQ(of, 200);
  EXPECT_EQ(told, 0);
}

TEST(PhaseCounts, NoCountMakesWaitsMuchLongerThanThoseThatWereSeen) {
  BlockingRow row;
  for (int i = 0; i < 100; ++i) row.waits.add(1'000'000);
  row.in_window_ns = 40'000'000'000;
  row.begun = EstimatedCount{19'000, 500, GoesBy::kTimedRuns};
  BlockingRow kept = row;
  kept.begun->count = 21'000;
  believe_times(kept);
  EXPECT_EQ(kept.begun->count, 21'000u);
  EXPECT_EQ(kept.begun->error, 500u);
  BlockingRow cut = row;
  cut.waits.add(3'000'000);
  cut.tainted = 11;
  believe_times(cut);
  EXPECT_EQ(cut.begun->count, 19'000u) << "the longer ones may be those that were cut";
  believe_times(row);
  EXPECT_NEAR(static_cast<double>(row.begun->count), 40'000, 100);
  EXPECT_FALSE(row.begun->error);
  // One that goes on all the time is in in_window, and is no reason.
  row.begun = EstimatedCount{19'000, 500, GoesBy::kTimedRuns};
  row.blocked_now = 1;
  row.oldest_ns = 10'100'000'000;
  believe_times(row);
  EXPECT_EQ(row.begun->count, 19'000u);
}

}  // namespace
}  // namespace gorotrace
