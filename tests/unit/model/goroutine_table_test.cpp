#include "model/goroutine_table.h"

#include <gtest/gtest.h>

#include <random>
#include <unordered_map>

namespace gorotrace {
namespace {

TEST(GoroutineTable, agrees_with_a_map_over_random_inserts_and_erases) {
  std::mt19937_64 random(7);
  GoroutineTable table;
  std::unordered_map<std::uint64_t, std::uint64_t> truth;
  for (int i = 0; i < 200000; ++i) {
    const std::uint64_t goid = 1 + random() % (i < 100000 ? 5000 : 200);
    if (truth.contains(goid)) {
      ASSERT_NE(table.find(goid), nullptr);
      ASSERT_EQ(table.find(goid)->since_ns, truth[goid]);
      table.erase(goid);
      truth.erase(goid);
    } else {
      ASSERT_EQ(table.find(goid), nullptr);
      table.insert(goid).since_ns = static_cast<std::uint64_t>(i);
      truth[goid] = static_cast<std::uint64_t>(i);
    }
    ASSERT_EQ(table.size(), truth.size());
  }
  std::size_t visited = 0;
  table.each([&](const Goroutine& g) {
    ++visited;
    EXPECT_EQ(g.since_ns, truth.at(g.goid));
  });
  EXPECT_EQ(visited, truth.size());
}

TEST(GoroutineTable, memory_follows_what_lives) {
  GoroutineTable table;
  for (std::uint64_t goid = 1; goid <= 100000; ++goid) table.insert(goid);
  EXPECT_LE(table.memory_bytes() / 100000, 300u);
  for (std::uint64_t goid = 1; goid <= 100000; ++goid) table.erase(goid);
  EXPECT_LE(table.memory_bytes(), 100000u);
}

}  // namespace
}  // namespace gorotrace
