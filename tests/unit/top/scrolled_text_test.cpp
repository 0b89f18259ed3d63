#include "top/scrolled_text.h"

#include <gtest/gtest.h>

namespace gorotrace {
namespace {

using enum KeyPress::Kind;

TEST(ScrolledText, BreaksWhatIsTooLongAndCutsNothing) {
  ScrolledText text;
  text.set({{"short"}, {"example.com/module/pkg.(*Type[go.shape.string]).Method.func1", Ink::kStrong, 2}});
  std::string joined;
  for (const PictureLine& line : text.draw(20, 24)) {
    EXPECT_LE(line_width(line), 24u);
    const std::string shown = line_text(line);
    joined += shown.substr(shown.find_first_not_of(' '));
  }
  EXPECT_EQ(joined, "shortexample.com/module/pkg.(*Type[go.shape.string]).Method.func1");
}

TEST(ScrolledText, ProseGoesOnAtAWord) {
  ScrolledText text;
  text.set({{"KEY     what it means to a person who reads this", Ink::kPlain, 2, 8}});
  std::vector<std::string> lines;
  for (const PictureLine& line : text.draw(20, 28)) lines.push_back(line_text(line));
  EXPECT_EQ(lines, (std::vector<std::string>{"  KEY     what it means to a", "          person who reads",
                                             "          this"}));
}

TEST(ScrolledText, ScrollsFromEndToEnd) {
  ScrolledText text;
  std::vector<IndentedText> lines;
  for (int i = 0; i < 30; ++i) lines.push_back({std::to_string(i)});
  text.set(lines);
  EXPECT_EQ(line_text(text.draw(10, 80).front()), "0");
  EXPECT_TRUE(text.press({kEnd}));
  EXPECT_EQ(line_text(text.draw(10, 80).back()), "29");
  EXPECT_TRUE(text.press({kDown}));
  EXPECT_EQ(line_text(text.draw(10, 80).back()), "29");
  EXPECT_TRUE(text.press({kPageUp}));
  EXPECT_EQ(line_text(text.draw(10, 80).front()), "10");
  text.rewind();
  EXPECT_EQ(line_text(text.draw(10, 80).front()), "0");
  EXPECT_FALSE(text.press({kEnter}));
}

TEST(ScrolledText, FitsEverySize) {
  ScrolledText text;
  text.set(
      {{"some text of a certain length", Ink::kPlain, 4}, {}, {"日本語日本語日本語日本語", Ink::kPlain, 2}});
  for (std::size_t columns = 0; columns < 40; ++columns) {
    for (std::size_t lines = 0; lines < 10; ++lines) {
      const auto drawn = text.draw(lines, columns);
      ASSERT_LE(drawn.size(), lines);
      for (const PictureLine& line : drawn) ASSERT_LE(line_width(line), columns);
    }
  }
}

}  // namespace
}  // namespace gorotrace
