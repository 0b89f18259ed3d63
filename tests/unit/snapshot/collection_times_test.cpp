#include "snapshot/collection_times.h"

#include <gtest/gtest.h>

namespace gorotrace {
namespace {

std::vector<GoroutineSnapshot> with(std::initializer_list<std::uint64_t> times) {
  std::vector<GoroutineSnapshot> goroutines;
  for (const std::uint64_t t : times) {
    GoroutineSnapshot& g = goroutines.emplace_back();
    g.status = GStatus::kWaiting;
    g.wait_since_ns = t;
    g.read_at_ns = 1000;
  }
  return goroutines;
}

TEST(CollectionTimes, OnlyTheNextCollectionsTimeIsABound) {
  const auto goroutines = with({100, 0, 300, 100, 200});
  const CollectionTimes times(goroutines);
  EXPECT_EQ(times.waited_at(goroutines[0]), 200u);
  EXPECT_EQ(times.waited_at(goroutines[4]), 300u);
  EXPECT_EQ(times.waited_at(goroutines[1]), 0u);
  EXPECT_EQ(times.waited_at(goroutines[2]), 0u);
}

TEST(CollectionTimes, ATimeInTheFutureIsNone) {
  const auto goroutines = with({100, ~0ull});
  EXPECT_EQ(CollectionTimes(goroutines).waited_at(goroutines[0]), 0u);
}

TEST(CollectionTimes, OneThatRunsDoesNotWait) {
  auto goroutines = with({100, 200});
  goroutines[0].status = GStatus::kRunnable;
  EXPECT_EQ(CollectionTimes(goroutines).waited_at(goroutines[0]), 0u);
}

}  // namespace
}  // namespace gorotrace
