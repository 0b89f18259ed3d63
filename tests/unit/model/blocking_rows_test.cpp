// More call paths than rows: the least useful are folded into one row per reason, and counted.
#include "model/blocking_rows.h"

#include <gtest/gtest.h>

#include "trace.h"

namespace gorotrace {
namespace {

TEST(BlockingRows, AFullTableFoldsTheRowsThatWereWaitedInLeast) {
  BlockingRows rows(BlockingRows::WhenFull::kFold);
  for (std::uint64_t stack = 1; stack <= BlockingRows::kMaxRows; ++stack) {
    const std::uint32_t i = rows.row({.stack = stack, .reason = kSleep});
    ASSERT_NE(i, kNone);
    rows[i].in_window_ns = stack;
    rows[i].waits.add(stack);
    rows[i].wakers.add(Waker{WakerKind::kTimer, 0});
  }
  rows[rows.row({.stack = 1, .reason = kSleep})].open = 1;  // waited in now
  const std::uint32_t fresh = rows.row({.stack = 1'000'000, .reason = kSleep});
  ASSERT_NE(fresh, kNone);
  EXPECT_EQ(rows.folded(), BlockingRows::kMaxRows / 2);
  const BlockingKey others{.stack = 0, .reason = kSleep, .others = true};
  const BlockingData& folded = rows[rows.row(others)];
  EXPECT_EQ(folded.folded, BlockingRows::kMaxRows / 2);
  EXPECT_EQ(folded.waits.count(), BlockingRows::kMaxRows / 2);
  EXPECT_EQ(folded.wakers.all().at(0).count, BlockingRows::kMaxRows / 2);
  std::uint64_t in_window = 0, expected = 0;
  for (const BlockingData& row : rows.all()) in_window += row.in_window_ns;
  for (std::uint64_t stack = 1; stack <= BlockingRows::kMaxRows; ++stack) expected += stack;
  EXPECT_EQ(in_window, expected);
  // The one that is open and the one that was waited in longest are there still.
  EXPECT_EQ(rows[rows.row({.stack = 1, .reason = kSleep})].open, 1u);
  EXPECT_EQ(rows[rows.row({.stack = BlockingRows::kMaxRows, .reason = kSleep})].waits.count(), 1u);
  EXPECT_EQ(rows[rows.row({.stack = 2, .reason = kSleep})].waits.count(), 0u);  // made anew
}

TEST(BlockingRows, ATableFullOfOpenWaitsRefuses) {
  BlockingRows rows(BlockingRows::WhenFull::kFold);
  for (std::uint64_t stack = 1; stack <= BlockingRows::kMaxRows; ++stack)
    rows[rows.row({.stack = stack})].open = 1;
  EXPECT_EQ(rows.row({.stack = 1'000'000}), kNone);
  EXPECT_EQ(rows.folded(), 0u);
}

TEST(BlockingRows, WherePositionsHoldForGoodNothingIsFolded) {
  BlockingRows rows(BlockingRows::WhenFull::kRefuse);
  for (std::uint64_t stack = 1; stack <= BlockingRows::kMaxRows; ++stack)
    ASSERT_NE(rows.row({.stack = stack}), kNone);
  EXPECT_EQ(rows.row({.stack = 1'000'000}), kNone);
}

// A target with a million distinct call paths: every wait is counted, in memory that does not grow with them.
TEST_F(ModelTest, AMillionCallPathsAreAllCountedInBoundedMemory) {
  constexpr std::uint64_t kPaths = 1'000'000;
  run(2000, 1);
  std::size_t most = 0;
  for (std::uint64_t i = 0; i < kPaths; ++i) {
    const std::uint64_t stack = 1 + i;
    model.define(stack, std::make_shared<const StackPcs>(StackPcs{{0x401000 + i, 0x402000}, false}));
    park(2001 + 3 * i, 1, kChanReceive, stack);
    ready(2002 + 3 * i, 1, 0);
    run(2003 + 3 * i, 1);
    if (i % 100'000 == 0) most = std::max(most, model.memory_bytes());
  }
  park(10'000'000, 1, kChanReceive, 7);  // its definition is long forgotten
  const Tables t = tables(10'000'500);
  std::uint64_t waits = 0, in_window = 0, folded = 0;
  for (const BlockingRow& row : t.blocking) {
    waits += row.waits.count();
    in_window += row.in_window_ns;
    folded += row.folded;
    EXPECT_EQ(row.stack == 0, row.folded != 0);
  }
  EXPECT_EQ(waits, kPaths);
  EXPECT_EQ(in_window, kPaths + 500);
  EXPECT_LE(t.blocking.size(), BlockingRows::kMaxRows);
  EXPECT_EQ(t.rows_folded, folded);
  EXPECT_GT(folded, kPaths - 2 * BlockingRows::kMaxRows);
  EXPECT_EQ(t.table_overflow, 0u);
  EXPECT_EQ(t.stacks_undefined, 1u);
  EXPECT_EQ(t.stacks.size(), t.blocking.size() - 2);  // all but the row of others and that one
  EXPECT_LT(most, 100u << 20);
}

}  // namespace
}  // namespace gorotrace
