#include "base/number.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace gorotrace {
namespace {

TEST(WholeNumber, IsTheWholeTextOrNothing) {
  EXPECT_EQ(whole_number<std::uint64_t>("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(whole_number<int>("-3"), -3);
  EXPECT_EQ(whole_number<std::uint8_t>("ff", 16), 255);
  for (const char* text : {"", " 1", "1 ", "+1", "0x1", "-1", "1.0", "18446744073709551616"})
    EXPECT_EQ(whole_number<std::uint64_t>(text), std::nullopt) << text;
  EXPECT_EQ(whole_number<std::uint8_t>("100", 16), std::nullopt);
}

TEST(WholeNumber, OfAFractionHasNoExponent) {
  EXPECT_EQ(whole_number<double>("2.5"), 2.5);
  for (const char* text : {"", "1e3", "2.5x", "2,5"})
    EXPECT_EQ(whole_number<double>(text), std::nullopt) << text;
}

}  // namespace
}  // namespace gorotrace
