#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "evidence/population_file.h"
#include "growth_fixture.h"
#include "report/dump_json.h"
#include "report/growth_report.h"

namespace gorotrace {
namespace {

using report_test::counted;
using report_test::FakeDump;
using report_test::growth;
using report_test::library_look;
using report_test::look;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(GrowthReport, SaysWhatGrewByHowManyAndWhetherItEverShrank) {
  const Growth g = growth({{0, 5, 3}, {10, 2, 3}, {20, 7, 3}, {35, 6, 3}});
  const std::string text = growth_text(g, {});
  EXPECT_THAT(text, HasSubstr("goroutines 8 -> 44: +36"));
  EXPECT_THAT(text, HasSubstr("     +35  0 -> 35  never shrank\n        main.leaked  leak.go:9\n"));
  EXPECT_THAT(text, HasSubstr("        created by main.make  make.go:33\n"));
  EXPECT_EQ(nlohmann::json::parse(
                json_text([&](JsonWriter& out) { growth_json(out, g); }))["creation_sites"][0]["growth"],
            35);
}

TEST(GrowthReport, BetweenTwoSamplesNothingIsSaidToHaveNeverShrunk) {
  const std::string text = growth_text(growth({{0, 5, 3}, {35, 6, 3}}), {});
  EXPECT_THAT(text, HasSubstr("     +35  0 -> 35\n        main.leaked  leak.go:9\n"));
  EXPECT_THAT(text, Not(HasSubstr("never shrank")));
}

TEST(GrowthReport, TheWaysStandUnderTheSite) {
  GrowthTracker tracker;
  tracker.add(counted(look({0, 0, 0})));
  tracker.add(counted(library_look()));
  const Growth g = tracker.result();
  EXPECT_THAT(growth_text(g, {}), HasSubstr("        created by net/http.dial  http.go:7\n"
                                            "        3x < net/http.queue  http.go:9\n"
                                            "           < main.client  c.go:3\n"
                                            "        1x < (not known)\n"));
  const auto ways = nlohmann::json::parse(
      json_text([&](JsonWriter& out) { growth_json(out, g); }))["creation_sites"][0]["ways"];
  ASSERT_EQ(ways.size(), 2u);
  EXPECT_EQ(ways[0]["goroutines"], 3);
  EXPECT_EQ(ways[0]["frames"][1]["function"], "main.client");
  EXPECT_TRUE(ways[1]["frames"].empty());
}

TEST(GrowthReport, AFileKnowsTheSameWays) {
  FakeDump fake = library_look();
  StackTable symbols = fake.symbols();
  const DumpView view(fake.dump, symbols);
  const auto read = population_from_json(
      json_text([&](JsonWriter& out) { dump_json(out, view, select(view, {}), 0); }), "A.json");
  ASSERT_TRUE(read) << read.error().message;
  const Population direct = counted(fake);
  ASSERT_EQ(read->ways.size(), 1u);
  ASSERT_EQ(direct.ways.size(), 1u);
  const PlaceCounts &a = read->ways.begin()->second, &b = direct.ways.begin()->second;
  EXPECT_TRUE(std::ranges::equal(a, b, [](const auto& x, const auto& y) {
    return x.second == y.second && !PlaceLess{}(x.first, y.first) && !PlaceLess{}(y.first, x.first);
  }));
  EXPECT_EQ(a.size(), 2u);
}

TEST(GrowthReport, OfTwoProcessesNothingIsSaidToHaveNeverShrunk) {
  FakeDump before = look({1, 0, 0}), after = look({4, 0, 0});
  before.dump.identity = {"a-boot", 1, "example.com/shop"};
  after.dump.identity = {"a-boot", 2, "example.com/shop"};
  GrowthTracker tracker;
  tracker.add(counted(before));
  tracker.add(counted(after));
  const std::string text = growth_text(tracker.result(), {});
  EXPECT_THAT(text, HasSubstr("goroutines 1 -> 4: +3 from one process to another of the same program"));
  EXPECT_THAT(text, Not(HasSubstr("never shrank")));
  EXPECT_THAT(text, HasSubstr("  before  "));
  const auto json =
      nlohmann::json::parse(json_text([&](JsonWriter& out) { growth_json(out, tracker.result()); }));
  EXPECT_EQ(json["same_process"], false);
  EXPECT_EQ(json["stacks"][0]["never_shrank"], nullptr);
}

TEST(GrowthReport, AFileSaysTheSameAsTheLook) {
  FakeDump fake = look({3, 2, 1});
  fake.goroutine(99, {}).status = GStatus::kRunning;
  fake.goroutine(1, {0x1020});
  fake.dump.identity = {"a-boot", 4711, "example.com/shop"};
  StackTable symbols = fake.symbols();
  const DumpView view(fake.dump, symbols);
  const auto read = population_from_json(
      json_text([&](JsonWriter& out) { dump_json(out, view, select(view, {}), 0); }), "A.json");
  ASSERT_TRUE(read) << read.error().message;
  const Population direct = counted(fake);
  EXPECT_EQ(relation(read->subject, direct.subject), SubjectRelation::kSameProcess);
  EXPECT_EQ(describe(read->subject), describe(direct.subject));
  EXPECT_EQ(read->subject.identity.start_ticks, 4711u);
  EXPECT_EQ(read->goroutines, direct.goroutines);
  EXPECT_EQ(read->unix_ns, direct.unix_ns);
  EXPECT_EQ(read->exact, direct.exact);
  const auto same = [](const PlaceCounts& a, const PlaceCounts& b) {
    PlaceLess less;
    return a.size() == b.size() &&
           std::equal(a.begin(), a.end(), b.begin(), [&](const auto& x, const auto& y) {
             return x.second == y.second && !less(x.first, y.first) && !less(y.first, x.first);
           });
  };
  EXPECT_TRUE(same(read->stacks, direct.stacks));
  EXPECT_TRUE(same(read->sites, direct.sites));
}

}  // namespace
}  // namespace gorotrace
