#include "evidence/growth.h"

#include <gtest/gtest.h>

#include "evidence/creator_memory.h"
#include "growth_fixture.h"

namespace gorotrace {
namespace {

using report_test::counted;
using report_test::FakeDump;
using report_test::growth;
using report_test::library_look;
using report_test::look;

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
}

TEST(Growth, WhatShrankIsCountedAndWhatVanishedToo) {
  const Growth g = growth({{4, 5, 3}, {4, 5, 0}, {3, 6, 0}});
  EXPECT_EQ(g.stacks_shrunk, 2u);
  EXPECT_EQ(g.sites_shrunk, 2u);
  ASSERT_EQ(g.stacks.size(), 1u);
  EXPECT_TRUE(g.stacks[0].never_shrank);
}

TEST(Growth, WhereTheLibraryMadeThemItSaysForWhom) {
  GrowthTracker tracker;
  tracker.add(counted(look({0, 0, 0})));
  tracker.add(counted(library_look()));
  const Growth g = tracker.result();
  ASSERT_EQ(g.sites.size(), 1u);
  ASSERT_EQ(g.sites[0].ways.size(), 2u);
  EXPECT_EQ(g.sites[0].ways[0].count, 3u);
  ASSERT_EQ(g.sites[0].ways[0].frames.size(), 2u);
  EXPECT_EQ(g.sites[0].ways[0].frames[0].function, "net/http.queue");
  EXPECT_EQ(g.sites[0].ways[0].frames[1].function, "main.client");
  EXPECT_EQ(g.sites[0].ways[1].count, 1u);
  EXPECT_TRUE(g.sites[0].ways[1].frames.empty()) << "nothing is known of goroutine 3";
  const Growth own = growth({{0, 0, 0}, {5, 0, 0}});
  ASSERT_EQ(own.sites.size(), 1u);
  EXPECT_TRUE(own.sites[0].ways.empty()) << "the statement is the program's own";
}

TEST(CreatorMemory, AChainOutlivesItsCreators) {
  FakeDump first;
  const std::uint64_t loop = first.function("net/http.loop"), dial = first.function("net/http.dial"),
                      queue = first.function("net/http.queue"), serve = first.function("main.serve");
  FakeDump second = first, third = first;
  const auto add = [&](FakeDump& fake, std::uint64_t goid, std::uint64_t parent, std::uint64_t gopc) {
    GoroutineSnapshot& g = fake.goroutine(goid, {loop});
    g.startpc = loop - 0x20;
    g.gopc = gopc;
    g.parent_goid = parent;
  };
  add(first, 2, 1, serve);
  add(first, 3, 2, queue);  // 2 and 3 are gone at the next look, which sees what 3 made
  add(second, 4, 3, dial);
  add(third, 4, 3, dial);
  CreatorMemory memory;
  for (FakeDump* fake : {&first, &second, &third}) memory.complete(fake->dump);
  EXPECT_TRUE(first.dump.creations.creations.empty());
  for (const FakeDump* fake : {&second, &third}) {
    StackTable symbols = fake->symbols();
    const DumpView view(fake->dump, symbols);
    const std::vector<Frame>& way = view.way(view.goroutines()[0]);
    ASSERT_EQ(way.size(), 2u);
    EXPECT_EQ(way[0].function, "net/http.queue");
    EXPECT_EQ(way[1].function, "main.serve");
  }
  FakeDump last = first;
  last.dump.snapshot.goroutines.clear();
  memory.complete(last.dump);
  FakeDump again = third;
  again.dump.creations = {};
  memory.complete(again.dump);
  EXPECT_TRUE(again.dump.creations.creations.empty()) << "nobody needed them any more";
}

}  // namespace
}  // namespace gorotrace
