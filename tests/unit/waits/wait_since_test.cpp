#include "waits/wait_since.h"

#include <gtest/gtest.h>

namespace gorotrace {
namespace {

Snapshot with(std::initializer_list<std::uint64_t> times) {
  Snapshot snapshot;
  for (const std::uint64_t t : times) snapshot.goroutines.emplace_back().wait_since_ns = t;
  return snapshot;
}

TEST(WaitSince, OnlyTheNextCollectionsTimeIsABound) {
  const Snapshot s = with({100, 0, 300, 100, 200});
  const CollectionTimes times(s);
  EXPECT_EQ(times.waiting_at_least(s.goroutines[0], 1000)->ns, 800u);
  EXPECT_EQ(times.waiting_at_least(s.goroutines[4], 1000)->ns, 700u);
  EXPECT_FALSE(times.waiting_at_least(s.goroutines[1], 1000));
  EXPECT_FALSE(times.waiting_at_least(s.goroutines[2], 1000));
}

TEST(WaitSince, ATimeInTheFutureIsNone) {
  const Snapshot s = with({100, ~0ull});
  EXPECT_FALSE(CollectionTimes(s).waiting_at_least(s.goroutines[0], 1000));
}

}  // namespace
}  // namespace gorotrace
