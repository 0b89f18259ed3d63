#include "base/text.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace gorotrace {
namespace {

using namespace std::chrono_literals;

TEST(Printable, LeavesTextAlone) {
  EXPECT_EQ(printable("main.(*Server[go.shape.int]).serve·dwrap·1"),
            "main.(*Server[go.shape.int]).serve·dwrap·1");
  EXPECT_EQ(printable(""), "");
}

TEST(Printable, ReplacesWhatATerminalWouldObey) {
  EXPECT_EQ(printable("a\x1b[31mb"), "a\uFFFD[31mb");
  EXPECT_EQ(printable("a\nb\rc\td\x7f"), "a\uFFFDb\uFFFDc\uFFFDd\uFFFD");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "\uFFFD31m")
      << "C1 CSI";
  EXPECT_EQ(printable("\u202Egnp.exe"), "\uFFFDgnp.exe") << "right-to-left override";
  EXPECT_EQ(printable("a\u2028b\u2029c\u2027"), "a\uFFFDb\uFFFDc\u2027") << "line separators";
}

TEST(Printable, ReplacesEachInvalidByte) {
  EXPECT_EQ(printable("\xff\xfe"
                      "a"),
            "\uFFFD\uFFFD"
            "a");
  EXPECT_EQ(printable("\xc0\xaf"), "\uFFFD\uFFFD") << "overlong";
  EXPECT_EQ(printable("\xed\xa0\x80"), "\uFFFD\uFFFD\uFFFD") << "surrogate";
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\uFFFD\uFFFD\uFFFD\uFFFD") << "above U+10FFFF";
  EXPECT_EQ(printable("\xe2\x82"), "\uFFFD\uFFFD") << "cut short";
}

TEST(Printable, CutsAtACharacter) {
  EXPECT_EQ(printable("abcdef", 3), "abc…");
  EXPECT_EQ(printable("aµµ", 3), "aµ…") << "never in the middle of a character";
}

TEST(Durations, AreGos) {
  EXPECT_EQ(parse_duration("10s").value(), 10s);
  EXPECT_EQ(parse_duration("1m30s").value(), 90s);
  EXPECT_EQ(parse_duration("1.5h").value(), 90min);
  EXPECT_EQ(parse_duration("250ms").value(), 250ms);
  EXPECT_EQ(parse_duration("3us").value(), 3us);
  EXPECT_EQ(parse_duration("3µs").value(), 3us);
  EXPECT_EQ(parse_duration("0").value(), 0s);
}

TEST(Durations, OfANumberAloneAreSeconds) {
  EXPECT_EQ(parse_duration("5").value(), 5s);
  EXPECT_EQ(parse_duration("0.25").value(), 250ms);
}

TEST(Durations, RefuseWhatGoRefuses) {
  for (const char* text :
       {"", "s", "1m30", "-1s", "1x", "1s ", "1 s", "1..5s", ".", "1e3s", "300000000h", "nans"}) {
    const auto parsed = parse_duration(text);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_EQ(parsed.error().kind, ErrorKind::kUsage);
  }
}

TEST(Durations, ArePrintedWithThreeDigits) {
  EXPECT_EQ(format_duration(0), "0ns");
  EXPECT_EQ(format_duration(999), "999ns");
  EXPECT_EQ(format_duration(1'350), "1.35µs");
  EXPECT_EQ(format_duration(999'600), "1.00ms") << "never 1000µs";
  EXPECT_EQ(format_duration(250'000'000), "250ms");
  EXPECT_EQ(format_duration(9'999'000'000), "10.0s");
  EXPECT_EQ(format_duration(90'000'000'000), "1m30s");
  EXPECT_EQ(format_duration(5'400'000'000'000), "1h30m");
}

}  // namespace
}  // namespace gorotrace
