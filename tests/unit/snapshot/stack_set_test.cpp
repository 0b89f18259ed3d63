#include "snapshot/stack_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace gorotrace {
namespace {

TEST(StackSet, AStackIsKeptOnceWhateverTheNumberOfItsGoroutines) {
  StackSet set;
  for (std::uint64_t round = 0; round < 2; ++round) {
    for (std::uint64_t id = 1; id <= 5000; ++id) {
      const std::array<std::uint64_t, 2> pcs{id, id + 1};
      // Ids that share their low bits land in one bucket.
      EXPECT_EQ(set.add(id << 20, pcs, id % 2 == 0), id - 1);
    }
  }
  ASSERT_EQ(set.size(), 5000u);
  for (std::uint32_t i = 0; i < 5000; ++i) {
    EXPECT_EQ(set[i].id, (i + 1ull) << 20);
    EXPECT_TRUE(std::ranges::equal(set[i].pcs, std::array<std::uint64_t, 2>{i + 1, i + 2}));
    EXPECT_EQ(set[i].truncated, (i + 1) % 2 == 0);
  }
}

TEST(StackSet, NoStackIsNothing) {
  StackSet set;
  EXPECT_EQ(set.add(7, {}, false), StackSet::kNone);
  EXPECT_EQ(set.size(), 0u);
  EXPECT_TRUE(set[StackSet::kNone].pcs.empty());
  EXPECT_TRUE(set[0].pcs.empty());
}

}  // namespace
}  // namespace gorotrace
