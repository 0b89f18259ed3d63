#include "evidence/growth.h"

#include <gtest/gtest.h>

#include "growth_fixture.h"

namespace gorotrace {
namespace {

using report_test::growth;

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

}  // namespace
}  // namespace gorotrace
