#include "golang/panic_text.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <string>

namespace gorotrace {
namespace {

gt_value number(unsigned kind, gt_u64 word) {
  gt_value value{};
  value.type = 1;
  value.kind = kind;
  value.words[0] = word;
  value.words[1] = ~gt_u64{0};  // what lies behind it
  return value;
}

gt_value text(unsigned kind, std::string_view says) {
  gt_value value{};
  value.type = 1;
  value.kind = kind;
  value.length = static_cast<gt_u32>(says.size());
  value.size = says.size();
  std::ranges::copy(says, value.text);
  return value;
}

TEST(PanicText, NilIsToldFromAFatalErrorAndFromWhatHasAType) {
  EXPECT_TRUE(is_nil(gt_value{}));
  gt_value fatal = text(GT_KIND_STRING, "all goroutines are asleep - deadlock!");
  fatal.type = 0;
  EXPECT_FALSE(is_nil(fatal));
  EXPECT_FALSE(is_nil(number(2, 0)));
  EXPECT_EQ(panic_text(gt_value{}, kNilType), "");
}

TEST(PanicText, Numbers) {
  EXPECT_EQ(panic_text(number(1, 0xff00), "bool"), "false");
  EXPECT_EQ(panic_text(number(1, 0xff01), "bool"), "true");
  EXPECT_EQ(panic_text(number(2, static_cast<gt_u64>(-42)), "int"), "-42");
  EXPECT_EQ(panic_text(number(3, 0x12ff), "int8"), "-1");
  EXPECT_EQ(panic_text(number(4, 0x128000), "int16"), "-32768");
  EXPECT_EQ(panic_text(number(5, 0x1280000000), "main.Code"), "-2147483648");
  EXPECT_EQ(panic_text(number(6, 1ull << 63), "int64"), "-9223372036854775808");
  EXPECT_EQ(panic_text(number(7, ~gt_u64{0}), "uint"), "18446744073709551615");
  EXPECT_EQ(panic_text(number(8, 0x12c8), "uint8"), "200");
  EXPECT_EQ(panic_text(number(10, 0x12ffffffff), "uint32"), "4294967295");
  EXPECT_EQ(panic_text(number(12, 7), "uintptr"), "7");
  EXPECT_EQ(panic_text(number(13, std::bit_cast<std::uint32_t>(2.5f)), "float32"), "2.5");
  EXPECT_EQ(panic_text(number(14, std::bit_cast<gt_u64>(-0.25)), "float64"), "-0.25");
}

TEST(PanicText, TextsAndErrorsThatAreNoMore) {
  EXPECT_EQ(panic_text(text(GT_KIND_STRING, "a"), "main.named"), "a");
  EXPECT_EQ(panic_text(text(GT_KIND_STRING, "fatal"), ""), "fatal");
  EXPECT_EQ(panic_text(text(GT_KIND_STRING, "invalid"), "runtime.errorString"), "runtime error: invalid");
  EXPECT_EQ(panic_text(text(GT_KIND_STRING, "plain"), "runtime.plainError"), "plain");
  EXPECT_EQ(panic_text(text(GT_KIND_POINTER, "e"), "*errors.errorString"), "e");
  EXPECT_EQ(panic_text(text(GT_KIND_POINTER, "w"), "*fmt.wrapError"), "w");
}

TEST(PanicText, OfOthersThatBeginWithATextNothing) {
  EXPECT_EQ(panic_text(text(GT_KIND_POINTER, "secret"), "*main.Request"), "");
  EXPECT_EQ(panic_text(text(GT_KIND_STRUCT, "secret"), "main.Request"), "");
}

TEST(PanicText, OutOfBounds) {
  gt_value value{};
  value.type = 1;
  value.kind = GT_KIND_STRUCT;
  const auto says = [&](std::int64_t x, std::int64_t y, bool has_sign, unsigned code) {
    value.words[0] = static_cast<gt_u64>(x);
    value.words[1] = static_cast<gt_u64>(y);
    value.words[2] = (has_sign ? 1u : 0u) | code << 8;
    return panic_text(value, "runtime.boundsError");
  };
  EXPECT_EQ(says(5, 3, true, 0), "runtime error: index out of range [5] with length 3");
  EXPECT_EQ(says(-1, 3, true, 0), "runtime error: index out of range [-1]");
  EXPECT_EQ(says(-1, 3, false, 0), "runtime error: index out of range [18446744073709551615] with length 3");
  EXPECT_EQ(says(9, 4, true, 2), "runtime error: slice bounds out of range [:9] with capacity 4");
  EXPECT_EQ(says(9, 4, true, 3), "runtime error: slice bounds out of range [9:4]");
  EXPECT_EQ(says(9, 4, true, 200), "");
}

TEST(PanicText, AHostileLengthEndsAtTheText) {
  gt_value value = text(GT_KIND_STRING, "a");
  value.length = ~gt_u32{0};
  EXPECT_EQ(panic_text(value, "string").size(), std::size_t{GT_VALUE_TEXT});
}

}  // namespace
}  // namespace gorotrace
