// Estimates against the truth of simulated populations: no bias, and errors that are what they say, over many
// windows of each kind of program. Seeds are fixed.
#include <gtest/gtest.h>

#include <cmath>

#include "population.h"
#include "sampling/pace.h"

namespace gorotrace {
namespace {

using namespace simulated;

struct Score {
  int inside = 0, windows = 0;
  double z = 0, z2 = 0, error = 0;  // sums of (estimate - truth) / error, its square, and error / truth

  void add(const SampledTime& estimate, double truth) {
    ++windows;
    const double off = static_cast<double>(estimate.ns) - truth;
    const auto e = static_cast<double>(estimate.error_ns);
    if (std::abs(off) <= 1.96 * e) ++inside;
    z += off / e;
    z2 += off * off / (e * e);
    error += e / truth;
  }
  void check(const char* what) const {
    const double share = 100.0 * inside / windows, bias = z / windows;
    RecordProperty(what, share);
    std::printf("%-28s %5.1f %% inside, mean z %+.2f, rms z %.2f, error %.2f %% of truth\n", what, share,
                bias, std::sqrt(z2 / windows), 100 * error / windows);
    EXPECT_GE(share, 90) << what;
    EXPECT_LE(share, 99) << what;
    // The mean of `windows` errors: 4 of its own standard errors.
    EXPECT_LT(std::abs(bias), 4 / std::sqrt(windows)) << what;
  }
  static void RecordProperty(const char* key, double value) {
    ::testing::Test::RecordProperty(key, std::to_string(value));
  }
};

SamplingConfig simulated_config() {
  return {.is_system = [](std::uint64_t) { return false; },
          .wait_reasons = std::vector<std::string>(16, "chan receive"),
          .syscalls_counted = false};
}

SampledTime waiting(const SampledTables& tables, std::uint8_t reason) {
  for (const SampledWaits& row : tables.waits) {
    if (row.key.reason == reason && row.key.stack != 0) return row.time;
  }
  return {};
}

// `make` gives the population of a window, `length` the cells' after what a look saw; every figure is held
// against the truth.
using CellLength = std::function<std::uint64_t(const Population&, std::uint64_t at)>;
void hold(
    int windows, std::uint64_t window_ns, std::size_t wanted,
    const std::function<Population(std::mt19937_64&)>& make, const std::vector<std::uint8_t>& reasons,
    const CellLength& length = [](const Population&, std::uint64_t) { return kLookPeriodNs; }) {
  std::map<int, Score> scores;
  Score run;
  for (int i = 0; i < windows; ++i) {
    std::mt19937_64 random(1000 + static_cast<std::uint64_t>(i));
    const Population population = make(random);
    testing::Looks looks(simulated_config());
    look(looks, population, window_ns, wanted, 7 + static_cast<std::uint64_t>(i),
         [&](std::uint64_t at) { return length(population, at); });
    const SampledTables tables = looks.sampling.tables();
    for (const std::uint8_t reason : reasons)
      scores[reason].add(waiting(tables, reason), population.ns(1, window_ns, GStatus::kWaiting, reason));
    run.add(tables.states[static_cast<std::size_t>(GState::kRunning)],
            population.ns(1, window_ns, GStatus::kRunning, 0));
  }
  for (const auto& [reason, score] : scores)
    score.check(reason == reasons[0] ? "waits, first kind" : "waits, other kind");
  run.check("running");
}

// All of forty goroutines are looked at; every other one waits `odd_wait_ns` on average.
void hold_all(std::uint64_t window_ns, double run_ns, double odd_wait_ns, double even_wait_ns) {
  hold(300, window_ns, 1000,
       [=](std::mt19937_64& random) {
         Population p;
         for (std::uint64_t i = 1; i <= 40; ++i) {
           p.goroutines.push_back(
               alternating(i, 3, run_ns, i % 2 ? odd_wait_ns : even_wait_ns, window_ns + 100 * kMs, random));
         }
         return p;
       },
       {3});
}

TEST(SamplingCoverage, ShortWaitsOfAll) {
  hold_all(500 * kMs, 0.5 * kMs, 1 * kMs, 4 * kMs);
}

TEST(SamplingCoverage, LongWaitsOfAll) {
  hold_all(2000 * kMs, 20 * kMs, 150 * kMs, 150 * kMs);
}

TEST(SamplingCoverage, WaitsAsLongAsTheLooksAreApart) {
  hold_all(1000 * kMs, 5 * kMs, 10 * kMs, 10 * kMs);
}

// All of them change at once: the looks' own instants are the only chance there is.
TEST(SamplingCoverage, PhasesInStep) {
  hold(300, 2000 * kMs, 1000,
       [](std::mt19937_64& random) {
         Goroutine leader = alternating(1, 3, 40 * kMs, 60 * kMs, 2100 * kMs, random);
         Population p;
         for (std::uint64_t i = 1; i <= 50; ++i) {
           leader.goid = i;
           p.goroutines.push_back(leader);
         }
         return p;
       },
       {3});
}

// Looks at many that run cost four times as much, and the share pays for few looks: so cells follow what was
// seen, as Pace lets them. What they follow must not weigh what is found.
TEST(SamplingCoverage, CellsThatFollowWhatLooksCost) {
  Pace pace(0.001);
  hold(
      300, 4000 * kMs, 1000,
      [&pace](std::mt19937_64& random) {
        pace = Pace(0.001);
        Goroutine leader = alternating(1, 3, 60 * kMs, 60 * kMs, 4100 * kMs, random);
        Population p;
        for (std::uint64_t i = 1; i <= 30; ++i) {
          leader.goid = i;
          p.goroutines.push_back(leader);
        }
        return p;
      },
      {3},
      [&pace](const Population& p, std::uint64_t at) {
        const bool dear = p.goroutines[0].words(at).state() == GStatus::kRunning;
        pace.spent(p.goroutines.size(), true, dear ? 20'000 : 5'000);
        return pace.period_ns(p.goroutines.size());
      });
}

// LongWaitsOfAll, nine times as slow.
TEST(SamplingCoverage, LongCells) {
  hold(
      300, 18'000 * kMs, 1000,
      [](std::mt19937_64& random) {
        Population p;
        for (std::uint64_t i = 1; i <= 40; ++i)
          p.goroutines.push_back(alternating(i, 3, 180 * kMs, 1350 * kMs, 19'000 * kMs, random));
        return p;
      },
      {3}, [](const Population&, std::uint64_t) { return 90 * kMs; });
}

TEST(SamplingCoverage, ChosenOfMany) {
  hold(300, 500 * kMs, 100,
       [](std::mt19937_64& random) {
         Population p;
         for (std::uint64_t i = 1; i <= 3000; ++i) {
           const bool early = i < 2000;  // neighbours are alike
           p.goroutines.push_back(early ? alternating(i, 3, 30 * kMs, 200 * kMs, 600 * kMs, random)
                                        : alternating(i, 7, 100 * kMs, 100 * kMs, 600 * kMs, random));
         }
         return p;
       },
       {3, 7});
}

}  // namespace
}  // namespace gorotrace
