#include "cli/until.h"

#include <gtest/gtest.h>

namespace gorotrace {
namespace {

constexpr GroupMask kAll =
    group_bit(GT_GROUP_LIFECYCLE) | group_bit(GT_GROUP_BLOCK) | group_bit(GT_GROUP_PANIC);

TEST(Until, conditions_are_read) {
  const auto parsed = parse_until({"goroutines>10000", "blocked>5s:500", "blocked>250ms"}, kAll);
  ASSERT_TRUE(parsed) << parsed.error().message;
  ASSERT_EQ(parsed->size(), 3u);
  EXPECT_EQ((*parsed)[0].what, UntilCondition::What::kGoroutines);
  EXPECT_EQ((*parsed)[0].count, 10000u);
  EXPECT_EQ((*parsed)[1].what, UntilCondition::What::kBlocked);
  EXPECT_EQ((*parsed)[1].longer, std::chrono::seconds(5));
  EXPECT_EQ((*parsed)[1].count, 500u);
  EXPECT_EQ((*parsed)[2].longer, std::chrono::milliseconds(250));
  EXPECT_EQ((*parsed)[2].count, 1u);
}

TEST(Until, what_is_no_condition_is_refused_with_what_there_is) {
  for (const char* text : {"", "panics", "panic>", "panic>x", "goroutines", "goroutines>", "goroutines>x",
                           "goroutines>-1", "goroutines<5", "blocked>", "blocked>soon",
                           "blocked>5s:", "blocked>5s:0", "blocked>5s:x", "blocked>:5"}) {
    const auto parsed = parse_until({text}, kAll);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().kind, ErrorKind::kUsage);
    EXPECT_NE(parsed.error().message.find("goroutines>N"), std::string::npos) << parsed.error().message;
    EXPECT_NE(parsed.error().message.find("blocked>TIME:N"), std::string::npos) << parsed.error().message;
    EXPECT_NE(parsed.error().message.find("panic>N"), std::string::npos) << parsed.error().message;
  }
}

TEST(Until, panics_are_counted_and_need_their_group) {
  const auto parsed = parse_until({"panic", "panic>3"}, kAll);
  ASSERT_TRUE(parsed);
  const auto seen = [](std::uint64_t panics) {
    return std::vector<ModelsWatch::Seen>{{.host_pid = 7, .live = {}, .waiting = {}, .panics = panics}};
  };
  EXPECT_EQ(fulfilled(*parsed, {}, seen(0)), "");
  EXPECT_EQ(fulfilled(*parsed, {}, seen(1)), "panic: 1 in process 7");
  EXPECT_EQ(fulfilled({(*parsed)[1]}, {}, seen(3)), "");
  EXPECT_EQ(fulfilled({(*parsed)[1]}, {}, seen(4)), "panic>3: 4 in process 7");
  EXPECT_FALSE(parse_until({"panic"}, kAll & ~group_bit(GT_GROUP_PANIC)));
}

TEST(Until, blocked_needs_its_group) {
  EXPECT_TRUE(parse_until({"goroutines>5"}, 0));
  const auto parsed = parse_until({"blocked>5s:5"}, group_bit(GT_GROUP_LIFECYCLE));
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().kind, ErrorKind::kUsage);
}

TEST(Until, any_condition_of_any_target_will_do) {
  const auto parsed = parse_until({"goroutines>100", "blocked>5s:3", "blocked>1s:9"}, kAll);
  ASSERT_TRUE(parsed);
  const std::vector<std::uint64_t> than = {5'000'000'000, 1'000'000'000};
  using Counts = std::vector<std::uint64_t>;
  const auto with = [&](std::uint64_t live, Counts waiting) {
    return fulfilled(*parsed, than, {{1, 5, Counts{0, 0}}, {42, live, std::move(waiting)}});
  };
  EXPECT_EQ(with(100, {2, 8}), "");
  EXPECT_EQ(with(101, {2, 8}), "goroutines>100: 101 in process 42");
  EXPECT_EQ(with(100, {3, 8}), "blocked>5s:3: 3 in process 42");
  EXPECT_EQ(with(100, {2, 9}), "blocked>1s:9: 9 in process 42");
  EXPECT_EQ(fulfilled(*parsed, than, {{42, std::nullopt, std::nullopt}}), "") << "nothing is known";
  EXPECT_EQ(fulfilled(*parsed, than, {}), "");
}

}  // namespace
}  // namespace gorotrace
