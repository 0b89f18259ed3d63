#include "top/table.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "report/columns.h"

namespace gorotrace {
namespace {

using enum KeyPress::Kind;

TableRow row(const std::string& name, double number) {
  return {.id = name,
          .cells = {{std::to_string(static_cast<int>(number)), number}, {"go1"}, {name}},
          .searched = "hidden-" + name};
}

Table table() {
  Table out({{"N", 5}, {"GO", 8, true, 1}, {"NAME", 20, true}}, 0);
  out.set_rows({row("a", 3), row("b", 9), row("c", 1), row("d", 9)});
  return out;
}

std::vector<std::string> names(Table& table, std::size_t lines = 20) {
  std::vector<std::string> out;
  const auto drawn = table.draw(lines, 60, "nothing");
  for (std::size_t i = 1; i < drawn.size(); ++i) {
    const std::string text = line_text(drawn[i]);
    out.push_back(text.substr(text.find_last_of(' ', text.find_last_not_of(' ')) + 1, 1));
  }
  return out;
}

using Names = std::vector<std::string>;

TEST(Table, GreatestFirstAndEqualOnesInTheirOrder) {
  Table rows = table();
  EXPECT_EQ(names(rows), (Names{"b", "d", "a", "c"}));
  EXPECT_TRUE(rows.press({kText, "r"}));
  EXPECT_EQ(names(rows), (Names{"c", "a", "b", "d"}));
}

TEST(Table, ColumnsGoRound) {
  Table rows = table();
  EXPECT_TRUE(rows.press({kText, "<"}));
  EXPECT_EQ(rows.sorted_by(), "NAME");
  EXPECT_EQ(names(rows), (Names{"a", "b", "c", "d"}));
  EXPECT_TRUE(rows.press({kText, ">"}));
  EXPECT_EQ(rows.sorted_by(), "N");
}

TEST(Table, WhatHasNoNumberComesLast) {
  Table rows = table();
  TableRow none = row("x", 0);
  none.cells[0] = {"-"};
  rows.set_rows({none, row("a", 0), row("b", 1)});
  EXPECT_EQ(names(rows), (Names{"b", "a", "x"}));
  EXPECT_TRUE(rows.press({kText, "r"}));
  EXPECT_EQ(names(rows), (Names{"a", "b", "x"}));
}

TEST(Table, TheCursorStaysOnItsRow) {
  Table rows = table();
  EXPECT_EQ(rows.chosen(), "b");
  EXPECT_TRUE(rows.press({kDown}));
  EXPECT_TRUE(rows.press({kDown}));
  EXPECT_EQ(rows.chosen(), "a");
  rows.set_rows({row("a", 100), row("b", 9), row("c", 1)});
  EXPECT_EQ(rows.chosen(), "a");
  rows.set_rows({row("c", 1)});  // it is gone
  EXPECT_EQ(rows.chosen(), "c");
  rows.set_rows({});
  EXPECT_EQ(rows.chosen(), std::nullopt);
  for (const auto key : {kDown, kUp, kEnd, kHome, kPageDown, kPageUp}) EXPECT_TRUE(rows.press({key}));
  EXPECT_EQ(rows.chosen(), std::nullopt);
}

TEST(Table, TheCursorStaysOnTheFirstRowUntilItIsMoved) {
  Table rows = table();
  EXPECT_EQ(rows.chosen(), "b");
  rows.set_rows({row("a", 100), row("b", 9)});
  EXPECT_EQ(rows.chosen(), "a");
  EXPECT_TRUE(rows.press({kHome}));
  rows.set_rows({row("a", 1), row("b", 9)});
  EXPECT_EQ(rows.chosen(), "a") << "a person has chosen it";
  EXPECT_TRUE(rows.press({kText, "r"}));  // the first one again
  rows.set_rows({row("a", 9), row("b", 1)});
  EXPECT_EQ(rows.chosen(), "b");
}

TEST(Table, TextsGetTheRoomThatTheyNeed) {
  Table rows({{"N", 5}, {"REASON", 8, true}, {"USER", 10, true, 4}, {"WHERE", 10, true}}, 0);
  const auto line = [&](std::size_t width) { return line_text(rows.draw(2, width, "")[1]); };
  const auto one = [](const std::string& reason, const std::string& where) {
    return TableRow{.id = "x", .cells = {{"1", 1}, {reason}, {"root"}, {where}}, .searched = {}};
  };
  rows.set_rows({one("sync.Mutex.Lock", "main.f")});
  EXPECT_EQ(line(60), "    1 sync.Mutex.Lock root  main.f" + std::string(26, ' '));
  rows.set_rows({one("sleep", "example.com/dead")});
  EXPECT_EQ(line(40), "    1 sleep   root  example.com/dead    ");
  EXPECT_EQ(line(30), "    1 sleep   example.com/dead") << "a whole name rather than a user";
  // Of two that are too long each gets half of what is left.
  rows.set_rows({one(std::string(40, 'r'), std::string(40, 'w'))});
  const std::string both = line(60);
  EXPECT_EQ(std::ranges::count(both, 'r'), 22 + 1) << both;  // and root's
  EXPECT_EQ(std::ranges::count(both, 'w'), 23) << both;
}

TEST(Table, TheFilterLooksAtCellsAndMoreInAnyCase) {
  Table rows = table();
  rows.set_filter("HIDDEN-C");
  EXPECT_EQ(rows.shown(), 1u);
  EXPECT_EQ(rows.chosen(), "c");
  rows.set_filter("9");
  EXPECT_EQ(names(rows), (Names{"b", "d"}));
  rows.set_filter("no such");
  EXPECT_EQ(rows.chosen(), std::nullopt);
  EXPECT_EQ(line_text(rows.draw(5, 60, "nothing")[1]), "nothing");
  rows.set_filter("");
  EXPECT_EQ(rows.shown(), rows.total());
}

TEST(Table, ScrollsWithTheCursor) {
  Table rows({{"N", 5}, {"NAME", 0, true}}, 0);
  std::vector<TableRow> many;
  for (int i = 0; i < 100; ++i)
    many.push_back({.id = std::to_string(i), .cells = {{std::to_string(i), i}, {"x"}}, .searched = {}});
  rows.set_rows(many);
  for (int i = 0; i < 120; ++i) {
    const auto drawn = rows.draw(11, 40, "");
    ASSERT_EQ(drawn.size(), 11u);
    bool chosen = false;
    for (const PictureLine& line : drawn) chosen |= !line.empty() && line.front().ink == Ink::kChosen;
    ASSERT_TRUE(chosen) << i;
    EXPECT_TRUE(rows.press({i < 60 ? kDown : kPageUp}));
  }
  EXPECT_TRUE(rows.press({kEnd}));
  EXPECT_EQ(rows.chosen(), "0");
}

TEST(Table, FitsEveryWidthAndHeight) {
  Table rows = table();
  for (std::size_t width = 0; width < 80; ++width) {
    for (std::size_t lines = 0; lines < 6; ++lines) {
      const auto drawn = rows.draw(lines, width, "nothing");
      ASSERT_LE(drawn.size(), lines);
      for (const PictureLine& line : drawn) ASSERT_LE(line_width(line), width);
    }
  }
  const std::string narrow = line_text(rows.draw(2, 27, "")[0]), wide = line_text(rows.draw(2, 60, "")[0]);
  EXPECT_EQ(narrow.find("GO"), std::string::npos);
  EXPECT_NE(wide.find("GO"), std::string::npos);
}

}  // namespace
}  // namespace gorotrace
