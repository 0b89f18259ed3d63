#include "base/json_writer.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

namespace gorotrace {
namespace {

using nlohmann::json;

template <typename T>
std::string text_of(const T& value) {
  return json_text([&](JsonWriter& out) { out.value(value); });
}

TEST(JsonWriter, CommasStandBetweenAndNowhereElse) {
  EXPECT_EQ(json_text([](JsonWriter& out) {
              out.object([&] {
                out.field("none", nullptr);
                out.field("yes", true);
                out.field("maybe", std::optional<int>());
                out.array_field("list", std::array{1, 2, 3}, [&](int n) { out.value(n); });
                out.array_field("empty", [] {});
                out.object_field("inner", [&] { out.hex_field("at", 0xc000012345); });
                out.object_field("nothing", std::optional<int>(), [](int) {});
                out.object_field("one", std::optional(7), [&](int n) { out.field("n", n); });
                out.name_field("named", "x");
                out.name_field("unnamed", "");
                out.key("as_it_is");
                out.raw("[1]");
              });
            }),
            R"({"none":null,"yes":true,"maybe":null,"list":[1,2,3],"empty":[],"inner":{"at":"0xc000012345"},)"
            R"("nothing":null,"one":{"n":7},"named":"x","unnamed":null,"as_it_is":[1]})");
}

TEST(JsonWriter, WhatATerminalObeysIsEscapedAndReadAsItWas) {
  EXPECT_EQ(text_of(std::string("a\n\x1b[1m\x7f\u009b\u2028\u202e\u2066é€😀")),
            R"("a\u000a\u001b[1m\u007f\u009b\u2028\u202e\u2066é€😀")");
  for (const std::string text : {"a\nb", "a\tb", "\u0085", "\u2069"})
    EXPECT_EQ(json::parse(text_of(text)).get<std::string>(), text);
}

TEST(JsonWriter, NumbersAreReadAsTheyWere) {
  EXPECT_EQ(text_of(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
  EXPECT_EQ(text_of(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(text_of(5.0), "5.0");
  EXPECT_EQ(text_of(-0.25), "-0.25");
  EXPECT_EQ(text_of(std::numeric_limits<double>::infinity()), "null");
  EXPECT_EQ(text_of(std::numeric_limits<double>::quiet_NaN()), "null");
  std::mt19937_64 random(1);
  for (int i = 0; i < 10000; ++i) {
    const double number = std::bit_cast<double>(random());
    if (!std::isfinite(number)) continue;
    const json read = json::parse(text_of(number));
    EXPECT_TRUE(read.is_number_float());
    EXPECT_EQ(read.get<double>(), number);
  }
}

// Whatever bytes: what another writer makes of them, which replaces invalid UTF-8 too, reads the same where
// the bytes are valid; where they are not, each of ours is one U+FFFD and the text stays valid.
TEST(JsonWriter, AnyTextIsReadAsItWas) {
  std::mt19937_64 random(2);
  const std::vector<std::string> pieces = {"a",
                                           "\"",
                                           "\\",
                                           "\n",
                                           "\x1f",
                                           "\x7f",
                                           "é",
                                           "\u2028",
                                           "\xf0\x9f\x98\x80",
                                           "main.(*T).f",
                                           std::string(1, '\0')};
  for (int i = 0; i < 10000; ++i) {
    std::string valid, bytes;
    for (std::uint64_t n = random() % 12; n > 0; --n) {
      valid += pieces[random() % pieces.size()];
      bytes += static_cast<char>(random());
    }
    EXPECT_EQ(json::parse(text_of(valid)).get<std::string>(), valid);
    EXPECT_EQ(text_of(std::string_view(bytes)).find('\n'), std::string::npos);
    const json read = json::parse(text_of(std::string_view(bytes)), nullptr, false);
    EXPECT_TRUE(read.is_string()) << text_of(std::string_view(bytes));
  }
  EXPECT_EQ(json::parse(text_of(std::string_view("a\xff\xc2z\xed\xa0\x80"))).get<std::string>(),
            "a\uFFFD\uFFFDz\uFFFD\uFFFD\uFFFD");
}

TEST(JsonWriter, AKeyIsTextLikeAnyOther) {
  EXPECT_EQ(json_text([](JsonWriter& out) { out.object([&] { out.field("a\"\n", 1); }); }),
            R"({"a\"\u000a":1})");
}

TEST(JsonWriter, ALongTextIsHandedOnInPieces) {
  std::size_t pieces = 0, longest = 0;
  std::string whole;
  JsonWriter out([&](std::string_view piece) {
    ++pieces;
    longest = std::max(longest, piece.size());
    whole += piece;
  });
  out.array([&] {
    for (int i = 0; i < 100000; ++i) {
      out.break_line();
      out.object([&] { out.field("goroutine", i); });
    }
  });
  out.end_line();
  EXPECT_GT(pieces, 10u);
  EXPECT_LT(longest, 2u * (64u << 10));
  EXPECT_TRUE(whole.starts_with("[\n{\"goroutine\":0},\n{\"goroutine\":1},\n"));
  EXPECT_TRUE(whole.ends_with("}]\n"));
  EXPECT_EQ(json::parse(whole).size(), 100000u);
  // The next one begins anew.
  whole.clear();
  out.value("next");
  out.end_line();
  EXPECT_EQ(whole, "\"next\"\n");
}

}  // namespace
}  // namespace gorotrace
