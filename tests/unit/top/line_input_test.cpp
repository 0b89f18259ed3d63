#include "top/line_input.h"

#include <gtest/gtest.h>

namespace gorotrace {
namespace {

using enum KeyPress::Kind;

TEST(LineInput, TakesCharactersAndTakesThemBack) {
  LineInput line("ab");
  EXPECT_EQ(line.press({kText, "é"}), LineInput::Outcome::kGoesOn);
  EXPECT_EQ(line.text(), "abé");
  EXPECT_EQ(line.press({kBackspace}), LineInput::Outcome::kGoesOn);
  EXPECT_EQ(line.text(), "ab");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(line.press({kBackspace}), LineInput::Outcome::kGoesOn);
  EXPECT_EQ(line.text(), "");
  EXPECT_EQ(line.press({kUp}), LineInput::Outcome::kGoesOn);
  EXPECT_EQ(line.press({kEnter}), LineInput::Outcome::kDone);
  EXPECT_EQ(line.press({kEscape}), LineInput::Outcome::kGivenUp);
}

TEST(LineInput, HasALimit) {
  LineInput line("");
  for (std::size_t i = 0; i < 2 * LineInput::kLongest; ++i) (void)line.press({kText, "x"});
  EXPECT_EQ(line.text().size(), LineInput::kLongest);
}

}  // namespace
}  // namespace gorotrace
