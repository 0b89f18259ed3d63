#include "report/growth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "dump_fixture.h"
#include "report/dump_json.h"

namespace gorotrace {
namespace {

using report_test::FakeDump;
using report_test::written;
using ::testing::HasSubstr;

struct Counts {
  int leaking, flapping, steady;
};

FakeDump look(Counts n) {
  FakeDump fake;
  const std::uint64_t park = fake.function("runtime.gopark"),
                      leak = fake.function("main.leaked", "/src/leak.go", 9),
                      flap = fake.function("main.flap"), steady = fake.function("main.steady"),
                      maker = fake.function("main.make", "/src/make.go", 33);
  std::uint64_t goid = 1;
  const auto add = [&](int count, std::uint64_t pc) {
    for (int i = 0; i < count; ++i) {
      GoroutineSnapshot& g = fake.goroutine(++goid, {park, pc});
      g.startpc = pc - 0x20;
      g.gopc = maker;
    }
  };
  add(n.leaking, leak);
  add(n.flapping, flap);
  add(n.steady, steady);
  return fake;
}

Population counted(const FakeDump& fake) {
  StackTable symbols = fake.symbols();
  const DumpView view(fake.dump, symbols);
  return population(view, select(view, {}));
}

Growth growth(std::initializer_list<Counts> looks) {
  GrowthTracker tracker;
  for (const Counts& n : looks) tracker.add(counted(look(n)));
  return tracker.result();
}

TEST(Growth, WhatGrewByHowManyAndWhetherItEverShrank) {
  const Growth g = growth({{0, 5, 3}, {10, 2, 3}, {20, 7, 3}, {35, 6, 3}});
  EXPECT_EQ(g.looks, 4u);
  EXPECT_EQ(g.first, 8u);
  EXPECT_EQ(g.last, 44u);
  ASSERT_EQ(g.stacks.size(), 2u);
  EXPECT_EQ(g.stacks[0].places[1].function, "main.leaked");
  EXPECT_EQ(g.stacks[0].first, 0u);
  EXPECT_EQ(g.stacks[0].last, 35u);
  EXPECT_TRUE(g.stacks[0].never_shrank);
  EXPECT_EQ(g.stacks[1].last - g.stacks[1].first, 1u);
  EXPECT_FALSE(g.stacks[1].never_shrank);
  ASSERT_EQ(g.sites.size(), 2u);
  EXPECT_EQ(g.sites[0].places[0].function, "main.leaked");
  EXPECT_EQ(g.sites[0].places[1].function, "main.make");
  EXPECT_EQ(g.stacks_shrunk, 0u);
  const std::string text = growth_text(g, {});
  EXPECT_THAT(text, HasSubstr("goroutines 8 -> 44: +36"));
  EXPECT_THAT(text, HasSubstr("     +35  0 -> 35  never shrank\n        main.leaked  leak.go:9\n"));
  EXPECT_THAT(text, HasSubstr("        created by main.make  make.go:33\n"));
  EXPECT_EQ(nlohmann::json::parse(
                json_text([&](JsonWriter& out) { growth_json(out, g); }))["creation_sites"][0]["growth"],
            35);
}

TEST(Growth, WhatShrankIsCountedAndWhatVanishedToo) {
  const Growth g = growth({{4, 5, 3}, {4, 5, 0}, {3, 6, 0}});
  EXPECT_EQ(g.stacks_shrunk, 2u);
  EXPECT_EQ(g.sites_shrunk, 2u);
  ASSERT_EQ(g.stacks.size(), 1u);
  EXPECT_TRUE(g.stacks[0].never_shrank);
}

TEST(Growth, AFileSaysTheSameAsTheLook) {
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

TEST(Growth, OtherFilesAreRefused) {
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

}  // namespace
}  // namespace gorotrace
