#include "cli/terminal.h"

#include <gtest/gtest.h>

#include <map>

#include "report/frames.h"

namespace gorotrace {
namespace {

Environment environment(std::map<std::string, const char*> values) {
  return [values](const char* name) -> const char* {
    const auto it = values.find(name);
    return it == values.end() ? nullptr : it->second;
  };
}

TEST(Screen, ColumnsBeforeTheTerminalBeforeEighty) {
  EXPECT_EQ(screen(ColourWhen::kAuto, 132, environment({})).width, 132u);
  EXPECT_EQ(screen(ColourWhen::kAuto, 132, environment({{"COLUMNS", "200"}})).width, 200u);
  EXPECT_EQ(screen(ColourWhen::kAuto, 0, environment({})).width, 80u) << "a terminal that does not know";
  for (const char* wrong : {"", "0", "-5", "12x", "99999999999999999999"})
    EXPECT_EQ(screen(ColourWhen::kAuto, 132, environment({{"COLUMNS", wrong}})).width, 132u) << wrong;
}

TEST(Screen, WhatIsNoTerminalBreaksNoName) {
  const Screen pipe = screen(ColourWhen::kAuto, std::nullopt, environment({{"COLUMNS", "100"}}));
  EXPECT_FALSE(pipe.terminal);
  EXPECT_EQ(pipe.width, 100u);
  EXPECT_EQ(pipe.name_width(), kNoWidth);
  EXPECT_EQ(screen(ColourWhen::kAuto, 132, environment({})).name_width(), 132u);
}

TEST(Screen, Colours) {
  EXPECT_TRUE(screen(ColourWhen::kAuto, 80, environment({{"TERM", "xterm"}})).colour);
  EXPECT_TRUE(screen(ColourWhen::kAuto, 80, environment({{"NO_COLOR", ""}})).colour);
  EXPECT_FALSE(screen(ColourWhen::kAuto, 80, environment({{"NO_COLOR", "1"}})).colour);
  EXPECT_FALSE(screen(ColourWhen::kAuto, 80, environment({{"TERM", "dumb"}})).colour);
  EXPECT_FALSE(screen(ColourWhen::kAuto, std::nullopt, environment({})).colour);
  EXPECT_FALSE(screen(ColourWhen::kNever, 80, environment({})).colour);
  EXPECT_TRUE(screen(ColourWhen::kAlways, std::nullopt, environment({{"NO_COLOR", "1"}})).colour);
}

TEST(Locale, AsciiOnlyWhereOneIsNamedWithoutUtf8) {
  EXPECT_FALSE(ascii_only(environment({})));
  EXPECT_FALSE(ascii_only(environment({{"LANG", "de_DE.UTF-8"}})));
  EXPECT_FALSE(ascii_only(environment({{"LC_ALL", "C.utf8"}, {"LANG", "C"}})));
  EXPECT_TRUE(ascii_only(environment({{"LC_ALL", "C"}, {"LANG", "de_DE.UTF-8"}})));
  EXPECT_TRUE(ascii_only(environment({{"LC_CTYPE", "POSIX"}, {"LANG", "de_DE.UTF-8"}})));
  EXPECT_TRUE(ascii_only(environment({{"LANG", "en_US"}})));
}

}  // namespace
}  // namespace gorotrace
