// g.ancestors as the runtime keeps them, and as a hostile process may have them.
#include "snapshot/ancestors.h"

#include <gtest/gtest.h>

#include "fake_memory.h"

namespace gorotrace {
namespace {

constexpr std::uint64_t kG = 0x10000, kSlice = 0x20000, kList = 0x30000, kPcs = 0x40000;

class AncestorsTest : public ::testing::Test {
 protected:
  AncestorsTest() {
    offsets = offsets_from_table(version)->offsets;
    put_g(7, kSlice);
    memory.words(kSlice, {kList, 2, 2});
    memory.words(kList, {kPcs, 2, 2, 6, 0x111, kPcs + 0x100, 1, 1, 1, 0x222});
    memory.words(kPcs, {0x401000, 0x402000});
    memory.words(kPcs + 0x100, {0x403000});
  }
  void put_g(std::uint64_t goid, std::uint64_t ancestors) {
    memory.words(kG + offsets.g_goid, {goid});
    memory.words(kG + offsets.g_ancestors, {ancestors});
  }
  Ancestors read() {
    Snapshot snapshot;
    GoroutineSnapshot g;
    g.goid = 7;
    g.g = kG;
    g.ancestors = kSlice;
    snapshot.goroutines = {g, GoroutineSnapshot{.goid = 8, .g = kG}};
    return read_ancestors(memory, offsets, version, snapshot);
  }

  GoVersion version = *GoVersion::parse("go1.26.8");
  RuntimeOffsets offsets;
  testing::FakeMemory memory;
};

TEST_F(AncestorsTest, NearestFirst) {
  const Ancestors found = read();
  ASSERT_EQ(found.size(), 1u);
  const std::vector<Ancestor>& of = found.at(7);
  ASSERT_EQ(of.size(), 2u);
  EXPECT_EQ(*of[0].pcs, (Ancestor::Pcs{0x401000, 0x402000}));
  EXPECT_EQ(of[0].goid, 6u);
  EXPECT_EQ(of[0].gopc, 0x111u);
  EXPECT_EQ(*of[1].pcs, Ancestor::Pcs{0x403000});
  EXPECT_EQ(of[1].goid, 1u);
}

// It has exited meanwhile, and somebody else has its g or its list.
TEST_F(AncestorsTest, OfWhoIsAnotherByNowThereAreNone) {
  put_g(9, kSlice);
  EXPECT_TRUE(read().empty());
  put_g(7, 0);
  EXPECT_TRUE(read().empty());
}

TEST_F(AncestorsTest, CountsThatNoRuntimeHas) {
  memory.words(kSlice, {kList, 1u << 20});
  EXPECT_TRUE(read().empty());
  memory.words(kSlice, {kList, ~0ull});
  EXPECT_TRUE(read().empty());
  memory.words(kSlice, {kList, 2});
  memory.words(kList, {kPcs, 51});  // 50 at most, since 1.21
  EXPECT_TRUE(read().empty());
  memory.words(kList, {kPcs, 2});
  EXPECT_EQ(read().size(), 1u);
}

TEST_F(AncestorsTest, NothingThere) {
  memory.words(kSlice, {0xdead0000, 2});
  EXPECT_TRUE(read().empty());
  memory.words(kSlice, {kList, 2});
  memory.words(kList, {0xdead0000, 2});
  EXPECT_TRUE(read().empty());
  offsets.g_ancestors = kAbsent;
  EXPECT_TRUE(read().empty());
}

}  // namespace
}  // namespace gorotrace
