#include "report/columns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/ascii.h"
#include "report/wrapping.h"

namespace gorotrace {
namespace {

using testing::ElementsAre;

TEST(Columns, Numbers) {
  EXPECT_EQ(short_count(999'999), "999999");
  EXPECT_EQ(short_count(1'000'000), "1.00M");
  EXPECT_EQ(short_count(999'999'999), "1.00G");
  EXPECT_EQ(short_count(~std::uint64_t{0}), "18.4E");
  EXPECT_EQ(short_percent(0.01), "<0.1");
  EXPECT_EQ(bar(1, 2), "██");
  EXPECT_EQ(bar(0.0001, 2), "▏");
  EXPECT_EQ(bar(0, 2), "");
}

TEST(Columns, ACellNeverTouchesTheOneBefore) {
  std::string line;
  add_cell(line, "a", 3);
  add_cell(line, "1234", 5);
  add_cell(line, "12345", 5);
  add_cell(line, "123456", 5);
  EXPECT_EQ(line, "  a 1234 12345 123456");
}

TEST(Columns, ALongWordIsBrokenBehindASeparatorAndNothingOfItIsLost) {
  EXPECT_THAT(broken("example.com/shop/internal/pool.(*Pool).Submit", 20),
              ElementsAre("example.com/shop/", "internal/pool.", "(*Pool).Submit"));
  EXPECT_THAT(broken("xxxxxxxxxx", 4), ElementsAre("xxxx", "xxxx", "xx"));
  EXPECT_THAT(broken("世界世", 3), ElementsAre("世", "界", "世"));
  EXPECT_THAT(broken("世", 1), ElementsAre("世"));
  EXPECT_THAT(broken("", 5), ElementsAre(""));
}

TEST(Wrapping, BreaksAtBlanksAndWordsThatNoLineHolds) {
  EXPECT_EQ(wrapped("one two three", 8, 2), "one two\n  three\n");
  EXPECT_EQ(wrapped("a running\u00a02.00 b", 14, 2), "a running 2.00\n  b\n");
  EXPECT_EQ(wrapped("a xxxxxxxxxxxx", 8, 2), "a\n  xxxxxx\n  xxxxxx\n");
  EXPECT_EQ(wrapped("", 8, 2), "\n");
}

TEST(Ascii, TablesStayStraight) {
  EXPECT_EQ(ascii_text("   oldest  max\n   ≥5.01s  1µs\n"), "   oldest  max\n  >=5.01s  1us\n");
  EXPECT_EQ(ascii_text("a · b ± c ≈2 … │█▏│"), "a - b +- c ~2 ... |#.|");
  EXPECT_EQ(ascii_text("COST▼ NAME▲ ↑ ↓ scroll"), "COSTv NAME^ ^ v scroll");
  EXPECT_EQ(ascii_text("main.世"), "main.??");
}

}  // namespace
}  // namespace gorotrace
