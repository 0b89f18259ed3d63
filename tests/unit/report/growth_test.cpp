#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

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
  Growth unknown = g;
  constexpr const char* kUnknown = "led to 1 go statement of the standard library is not known";
  EXPECT_THAT(growth_text(unknown, {.width = 200}), Not(HasSubstr(kUnknown)));
  for (Grown& row : unknown.sites) row.ways = {{{}, 4}};
  EXPECT_THAT(growth_text(unknown, {.width = 200}), HasSubstr(kUnknown));
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
  before.dump.identity = {"a-boot", 1, 0, "example.com/shop"};
  after.dump.identity = {"a-boot", 2, 0, "example.com/shop"};
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

TEST(GrowthReport, OfAnExecSaysSo) {
  FakeDump before = look({1, 0, 0}), after = look({4, 0, 0});
  before.dump.identity = {"a-boot", 1, 0x7ffd1000, "example.com/shop"};
  after.dump.identity = {"a-boot", 1, 0x7ffe2000, "example.com/shop"};
  GrowthTracker tracker;
  tracker.add(counted(before));
  tracker.add(counted(after));
  const std::string text = growth_text(tracker.result(), {});
  EXPECT_THAT(text, HasSubstr("goroutines 1 -> 4: +3 from before an exec of the same program to behind it"));
  EXPECT_THAT(text, Not(HasSubstr("never shrank")));
}

TEST(GrowthReport, LooksThatWereChosenOtherwiseAreNotExact) {
  const auto between = [](std::optional<std::vector<std::string>> first,
                          std::optional<std::vector<std::string>> last) {
    Population before = counted(look({1, 0, 0})), after = counted(look({4, 0, 0}));
    before.conditions = std::move(first);
    after.conditions = std::move(last);
    GrowthTracker tracker;
    tracker.add(before);
    tracker.add(after);
    return tracker.result();
  };
  using Conditions = std::vector<std::string>;
  const Conditions both{"--system", "--where reason=select"}, one{"--system"};
  const Growth g = between(both, one);
  EXPECT_EQ(g.quality(), Quality::kEstimated);
  EXPECT_THAT(growth_text(g, {.width = 200}),
              HasSubstr("different conditions, so rows differ by them, too; before alone: --where "
                        "reason=select; after alone: none\n"));
  const auto json = nlohmann::json::parse(json_text([&](JsonWriter& out) { growth_json(out, g); }));
  EXPECT_EQ(json["conditions"]["only_before"], nlohmann::json::array({"--where reason=select"}));
  EXPECT_TRUE(json["conditions"]["only_after"].empty());
  for (const Growth& alike :
       {between(both, both), between(std::nullopt, both)}) {  // an old file says nothing
    EXPECT_EQ(alike.quality(), Quality::kExact);
    EXPECT_THAT(growth_text(alike, {}), Not(HasSubstr("WARNING")));
  }
}

TEST(GrowthReport, AFileSaysTheSameAsTheLook) {
  FakeDump fake = look({3, 2, 1});
  fake.goroutine(99, {}).status = GStatus::kRunning;
  fake.goroutine(1, {0x1020});
  fake.dump.identity = {"a-boot", 4711, 0x7ffd5a3c1f80, "example.com/shop"};
  StackTable symbols = fake.symbols();
  const DumpView view(fake.dump, symbols);
  DumpFilter filter;
  filter.min_wait_ns = 0;
  filter.system = true;
  EXPECT_TRUE(filter.add("goid=3"));
  const auto read = population_from_json(
      json_text([&](JsonWriter& out) { dump_json(out, view, select(view, {}), 0); }), "A.json");
  ASSERT_TRUE(read) << read.error().message;
  const Population direct = counted(fake);
  EXPECT_EQ(read->subject.identity.start_stack, 0x7ffd5a3c1f80u);
  EXPECT_EQ(read->conditions, std::vector<std::string>{});
  const auto chosen = population_from_json(
      json_text([&](JsonWriter& out) { dump_json(out, view, select(view, filter), 0); }), "A.json");
  ASSERT_TRUE(chosen) << chosen.error().message;
  EXPECT_EQ(chosen->conditions, filter.conditions());
  EXPECT_EQ(chosen->conditions->size(), 3u);
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
