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
using report_test::look;
using ::testing::HasSubstr;

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

TEST(GrowthReport, AFileSaysTheSameAsTheLook) {
  FakeDump fake = look({3, 2, 1});
  fake.goroutine(99, {}).status = GStatus::kRunning;
  fake.goroutine(1, {0x1020});
  StackTable symbols = fake.symbols();
  const DumpView view(fake.dump, symbols);
  const auto read = population_from_json(
      json_text([&](JsonWriter& out) { dump_json(out, view, select(view, {}), 0); }), "A.json");
  ASSERT_TRUE(read) << read.error().message;
  const Population direct = counted(fake);
  EXPECT_EQ(read->program, direct.program);
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
