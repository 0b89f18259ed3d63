#include <gtest/gtest.h>

#include "govern/governor.h"

namespace gorotrace {
namespace {

TEST(Budget, percent_is_a_share_of_the_targets_cpu) {
  const auto budget = Budget::parse("10%");
  ASSERT_TRUE(budget);
  ASSERT_TRUE(budget->target_share);
  EXPECT_DOUBLE_EQ(*budget->target_share, 0.10);
  EXPECT_FALSE(budget->cpus);
  EXPECT_FALSE(budget->unlimited);
}

TEST(Budget, cpu_is_a_number_of_cpus) {
  const auto budget = Budget::parse("0.5cpu");
  ASSERT_TRUE(budget);
  ASSERT_TRUE(budget->cpus);
  EXPECT_DOUBLE_EQ(*budget->cpus, 0.5);
  EXPECT_FALSE(budget->target_share);
}

TEST(Budget, none_lifts_it) {
  const auto budget = Budget::parse("none");
  ASSERT_TRUE(budget);
  EXPECT_TRUE(budget->unlimited);
}

TEST(Budget, groups_that_are_too_dear_come_back_unless_it_says_detach) {
  EXPECT_TRUE(Budget::parse("10%")->phases);
  const auto budget = Budget::parse("10%,detach");
  ASSERT_TRUE(budget);
  EXPECT_FALSE(budget->phases);
  EXPECT_DOUBLE_EQ(*budget->target_share, 0.10);
  EXPECT_FALSE(Budget::parse("0.5cpu,detach")->phases);
  EXPECT_FALSE(Budget::parse("10%", false)->phases) << "as whoever asks has it";
  EXPECT_TRUE(Budget::parse("10%,phases", false)->phases);
  EXPECT_FALSE(Budget::parse("10%,detach", true)->phases);
}

TEST(Budget, everything_else_is_a_usage_error) {
  for (const char* text :
       {"",       "10",       "%",        "cpu",         "-1%",     "0%",   "0cpu",
        "101%",   "1e3%",     "nan%",     "inf cpu",     "infcpu",  "10 %", "1%%",
        "0.5CPU", "nonesuch", "1e999cpu", "none,detach", ",detach", "10%,", "10%,detach,detach",
        "detach"}) {
    const auto budget = Budget::parse(text);
    ASSERT_FALSE(budget) << text;
    EXPECT_EQ(budget.error().kind, ErrorKind::kUsage) << text;
  }
}

}  // namespace
}  // namespace gorotrace
