#include "cli/shell_word.h"

#include <gtest/gtest.h>

namespace gorotrace {
namespace {

TEST(ShellWord, APlainNameIsAsItIs) {
  EXPECT_EQ(shell_word("/tmp/incident-2.gtr"), "/tmp/incident-2.gtr");
}

TEST(ShellWord, WhatAShellTakesApartIsQuoted) {
  EXPECT_EQ(shell_word("of today.gtr"), "'of today.gtr'");
  EXPECT_EQ(shell_word("$(rm x);`y`"), "'$(rm x);`y`'");
  EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_word("~"), "'~'");
  EXPECT_EQ(shell_word(""), "''");
}

TEST(ShellWord, NothingInItIsObeyedByATerminal) {
  EXPECT_EQ(shell_word("e\x1b[31m"), "'e\uFFFD[31m'");
}

TEST(ShellWord, IsNoOption) {
  EXPECT_EQ(shell_word("-f.gtr"), "./-f.gtr");
}

}  // namespace
}  // namespace gorotrace
