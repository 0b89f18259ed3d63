#include "manual/roff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gorotrace::roff {
namespace {

using testing::ElementsAre;

TEST(Roff, NothingIsTakenForARequestOrAnotherCharacter) {
  EXPECT_EQ(escaped("a-b \\n \"x\" it's ~ ^ `"), "a\\-b \\en \\(dqx\\(dq it\\(aqs \\(ti \\(ha \\(ga");
  EXPECT_EQ(escaped(".SH"), "\\&.SH");
  EXPECT_EQ(escaped("'quoted'"), "\\&\\(aqquoted\\(aq");
  EXPECT_EQ(paragraph("...and so on"), "\\&...and so on\n");
}

TEST(Roff, OptionsInProseAreBold) {
  EXPECT_EQ(paragraph("give -o, --limit, (--json) or -COLUMN: a - b, -- or x-y"),
            "give \\fB\\-o\\fR, \\fB\\-\\-limit\\fR, (\\fB\\-\\-json\\fR) or \\fB\\-COLUMN\\fR: a \\- b,\n"
            "\\-\\- or x\\-y\n");
}

TEST(Roff, EachSentenceBeginsALineAndNoneIsLong) {
  EXPECT_EQ(paragraph("One. Two,\nthree (f.gtr, ...) e.g. four."),
            "One.\nTwo, three (f.gtr, ...) e.g.\nfour.\n");
  std::string text;
  for (int i = 0; i < 100; ++i) text += "word ";
  const std::string lines = paragraph(text);
  for (std::size_t at = 0; at < lines.size();) {
    const std::size_t end = lines.find('\n', at);
    EXPECT_LE(end - at, 78u);
    at = end + 1;
  }
  EXPECT_EQ(paragraph(std::string(200, 'x')), std::string(200, 'x') + "\n");
  EXPECT_EQ(paragraph(""), "");
}

TEST(Roff, WhatIsTypedGoesOnBehindABackslash) {
  EXPECT_THAT(typed_lines("prog run"), ElementsAre("prog run"));
  const std::string a(40, 'a'), b(40, 'b');
  EXPECT_THAT(typed_lines(a + " " + b), ElementsAre(a + " \\", "    " + b));
  EXPECT_THAT(typed_lines("prog '" + a + " " + b + "' x"),
              ElementsAre("prog \\", "    '" + a + " " + b + "' \\", "    x"));
  EXPECT_THAT(typed_lines(a + b), ElementsAre(a + b));
}

}  // namespace
}  // namespace gorotrace::roff
