#include "evidence/population_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace gorotrace {
namespace {

using ::testing::HasSubstr;

TEST(PopulationFile, OtherFilesAreRefused) {
  for (const char* text :
       {"", "{", "[]", "{}", R"({"type":"dump"})", R"({"type":"dump","goroutines":{},"stacks":{}})",
        R"({"type":"dump","goroutines":[],"stacks":[]})", R"({"type":"dump","goroutines":[1],"stacks":{}})",
        R"({"type":"dump","goroutines":[{"stack":"s1"}],"stacks":{}})",
        R"({"type":"dump","goroutines":[{"stack":1}],"stacks":{"1":{"frames":[]}}})",
        R"({"type":"dump","goroutines":[{"stack":["s1"]}],"stacks":{"s1":{"frames":[]}}})",
        R"({"type":"dump","goroutines":[{"stack":"s2"}],"stacks":{"s1":{"frames":[]}}})",
        R"({"type":"dump","goroutines":[],"stacks":{"s1":7}})",
        R"({"type":"dump","goroutines":[],"stacks":{"s1":{"frames":7}}})",
        R"({"type":"dump","goroutines":[],"stacks":{"s1":{"frames":[7]}}})",
        R"({"type":"dump","goroutines":[],"stacks":{},"at_unix_ns":1e999})",
        R"({"type":"dump","goroutines":[],"stacks":{},"not_shown":{"limit":3}})",
        R"({"type":"summary","goroutines":[],"stacks":{}})"}) {
    const auto read = population_from_json(text, "A.json");
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().kind, ErrorKind::kUsage);
    EXPECT_THAT(read.error().message, HasSubstr("A.json"));
  }
  for (const std::string& deep : {std::string(5'000'000, '['), R"({"a":)" + std::string(1000, '[')}) {
    const auto read = population_from_json(deep, "A.json");
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().kind, ErrorKind::kUsage);
  }
  // Brackets in text are no depth, and what is no text or number is nothing.
  EXPECT_TRUE(population_from_json(
      R"({"type":"dump","goroutines":[],"stacks":{},"x":"\"[[)" + std::string(1000, '[') + R"("})", "A"));
  EXPECT_TRUE(population_from_json(
      R"({"type":"dump","goroutines":[{"stack":"s1","created_by":{"line":-3}}],"stacks":{"s1":{"frames":[{"line":[]}]}},"not_shown":1})",
      "A"));
}

TEST(PopulationFile, ChainsThatLieSayNothing) {
  const auto ways = [](const std::string& chain, const std::string& stacks) {
    const auto read = population_from_json(
        R"({"type":"dump","goroutines":[{"created_by":{"function":"net/http.dial"},"creation_chain":)" +
            chain + R"(}],"stacks":{},"creator_stacks":)" + stacks + "}",
        "A");
    EXPECT_TRUE(read) << chain;
    return read->ways.begin()->second.begin()->first;
  };
  for (const char* chain : {"null", "7", "[7]", "{}", "[[]]", R"([{"site":7,"stack":[],"function":3}])",
                            R"([{"stack":"c9"}])", R"([{"site":[7]}])"})
    EXPECT_TRUE(ways(chain, R"({"c1":[{"function":"main.client"}],"c2":7,"c3":[7]})").empty()) << chain;
  const auto way = ways(R"([{"site":[{"function":"net/http.dial"}],"stack":"c1"}])",
                        R"({"c1":[{"function":"net/http.dial"},{"function":"main.client","line":3}]})");
  ASSERT_EQ(way.size(), 1u);
  EXPECT_EQ(way[0].function, "main.client");
  std::string endless = "[{}";
  for (int i = 0; i < 1000; ++i) endless += R"(,{"site":[{"function":"net/http.dial"}]})";
  EXPECT_LE(ways(endless + "]", "{}").size(), KnownCreations::kMaxLinks);
}

}  // namespace
}  // namespace gorotrace
