// What a target loses while it is traced, of programs whose loss is known.
#include "govern/slowdown.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>

namespace gorotrace {
namespace {

constexpr std::uint64_t kSlowMs = 1'000'000;

// A program on one CPU that has phases, and what is read of it.
struct Program {
  Slowdown slowdown;
  std::uint64_t now_ns = 0;
  double cpu_ns = 0, charged_ns = 0;
  std::array<double, 3> counted{};

  void read() {
    Slowdown::Reading reading{now_ns, static_cast<std::uint64_t>(cpu_ns), {}};
    for (std::size_t i = 0; i < counted.size(); ++i)
      reading.counted[i] = static_cast<std::uint64_t>(counted[i]);
    slowdown.read(reading);
  }
  // For so long: what is counted for each ms of CPU, and charged.
  void runs(bool traced, int ms, const std::array<double, 3>& each_ms, double charged_each_ms) {
    slowdown.traced(traced, now_ns);
    for (int i = 0; i <= ms; i += 10) {
      slowdown.charged(static_cast<std::uint64_t>(cpu_ns), charged_ns);
      read();
      if (i == ms) break;
      now_ns += 10 * kSlowMs;
      cpu_ns += 10 * kSlowMs;
      charged_ns += 10 * charged_each_ms;
      for (std::size_t k = 0; k < counted.size(); ++k) counted[k] += 10 * each_ms[k];
    }
  }
  void probes_come_or_go(int ms) {
    slowdown.traced(std::nullopt, now_ns);
    now_ns += static_cast<std::uint64_t>(ms) * kSlowMs;
    cpu_ns += ms * 1e6;
    for (double& n : counted) n += 1e6;  // whatever: it belongs to neither
  }
};

TEST(Slowdown, is_the_cpu_of_an_operation_while_traced_by_that_while_not) {
  Program p;
  for (int i = 0; i < 6; ++i) {
    p.runs(true, 100, {0, 250, 0}, 250'000);  // half of the CPU is lost, a quarter is charged
    p.probes_come_or_go(40);
    p.runs(false, 300, {0, 500, 0}, 0);
    p.probes_come_or_go(5);
  }
  ASSERT_TRUE(p.slowdown.times());
  EXPECT_NEAR(*p.slowdown.times(), 2, 1e-6);
  EXPECT_NEAR(p.slowdown.weight(), 2, 1e-6);
}

TEST(Slowdown, of_a_target_that_loses_no_more_than_is_charged_weighs_nothing) {
  Program p;
  for (int i = 0; i < 6; ++i) {
    p.runs(true, 100, {0, 480, 0}, 250'000);
    p.probes_come_or_go(40);
    p.runs(false, 300, {0, 500, 0}, 0);
  }
  EXPECT_EQ(p.slowdown.weight(), 1);
  EXPECT_NEAR(*p.slowdown.times(), 500.0 / 480, 1e-6);
}

TEST(Slowdown, what_the_groups_that_stay_are_charged_is_no_work_of_the_targets) {
  Program p;
  for (int i = 0; i < 6; ++i) {
    p.runs(true, 100, {0, 250, 0}, 250'000);
    p.runs(false, 300, {0, 400, 0}, 200'000);
  }
  EXPECT_NEAR(*p.slowdown.times(), 2, 1e-6);
}

TEST(Slowdown, goes_by_what_keeps_best_to_the_cpu_time) {
  Program p;
  std::mt19937_64 random(1);
  for (int i = 0; i < 20; ++i) {
    const double wild = static_cast<double>(100 + random() % 2000);
    p.runs(true, 100, {wild, 250, 0}, 250'000);
    p.runs(false, 300, {wild * 3, 500, 0}, 0);
  }
  EXPECT_NEAR(*p.slowdown.times(), 2, 1e-6);
}

TEST(Slowdown, is_not_known_of_few_stretches_or_where_nothing_keeps_to_anything) {
  Program few;
  for (int i = 0; i < 2; ++i) {
    few.runs(true, 100, {0, 250, 0}, 250'000);
    few.runs(false, 300, {0, 500, 0}, 0);
  }
  EXPECT_FALSE(few.slowdown.times());
  EXPECT_EQ(few.slowdown.weight(), 1);
  Program wild;
  std::mt19937_64 random(1);
  for (int i = 0; i < 20; ++i) {
    wild.runs(true, 100, {std::pow(10.0, static_cast<double>(random() % 5)), 0, 0}, 250'000);
    wild.runs(false, 100, {std::pow(10.0, static_cast<double>(random() % 5)), 0, 0}, 0);
  }
  EXPECT_FALSE(wild.slowdown.times());
  EXPECT_EQ(wild.slowdown.weight(), 1);
}

TEST(Slowdown, follows_a_program_that_changes) {
  Program p;
  for (int i = 0; i < 10; ++i) {
    p.runs(true, 100, {0, 250, 0}, 500'000);
    p.runs(false, 300, {0, 500, 0}, 0);
  }
  EXPECT_EQ(p.slowdown.weight(), 1);
  for (int i = 0; i < 40; ++i) {
    p.runs(true, 100, {0, 50, 0}, 500'000);
    p.runs(false, 300, {0, 500, 0}, 0);
  }
  EXPECT_NEAR(p.slowdown.weight(), 0.9 / 0.5, 0.05);
}

TEST(Slowdown, counts_that_fall_are_not_believed) {
  Program p;
  for (int i = 0; i < 6; ++i) {
    p.runs(true, 100, {0, 250, 0}, 250'000);
    p.runs(false, 300, {0, 500, 0}, 0);
  }
  p.slowdown.traced(true, p.now_ns);
  p.read();
  p.now_ns += 100 * kSlowMs;
  p.cpu_ns += 1e12;
  p.counted = {};
  p.read();
  p.slowdown.traced(false, p.now_ns);
  EXPECT_NEAR(*p.slowdown.times(), 2, 1e-6);
}

}  // namespace
}  // namespace gorotrace
