#include "top/picture.h"

#include <gtest/gtest.h>

#include "report/columns.h"

namespace gorotrace {
namespace {

TEST(Picture, CutEndFitsAndSaysThatItCut) {
  EXPECT_EQ(cut_end("hello", 5), "hello");
  EXPECT_EQ(cut_end("hello", 4), "hel…");
  EXPECT_EQ(cut_end("hello", 1), "…");
  EXPECT_EQ(cut_end("hello", 0), "");
  EXPECT_EQ(cut_end("日本語", 5), "日本…");
  EXPECT_EQ(cut_end("日本語", 6), "日本語");
  for (std::size_t columns = 0; columns < 12; ++columns)
    EXPECT_LE(display_width(cut_end("añ日é本x語", columns)), columns);
}

TEST(Picture, FittedLinesHaveTheirWidth) {
  const PictureLine line{{"abc", Ink::kStrong}, {"def"}};
  EXPECT_EQ(line_text(fitted(line, 4)), "abc…");
  EXPECT_EQ(line_text(fitted(line, 10)), "abcdef");
  const PictureLine chosen = fitted(line, 8, Ink::kChosen);
  EXPECT_EQ(line_text(chosen), "abcdef  ");
  for (const InkedText& part : chosen) EXPECT_EQ(part.ink, Ink::kChosen);
}

}  // namespace
}  // namespace gorotrace
