#include "base/enum_names.h"

#include <gtest/gtest.h>

namespace gorotrace {

enum class Colour { kRed, kGreen, kUnnamed = 7 };
template <>
inline constexpr auto kEnumNames<Colour> = enum_names<Colour>({
    {Colour::kRed, "red"},
    {Colour::kGreen, "green"},
});

namespace {

TEST(EnumNames, OneTableNamesAndReadsBack) {
  EXPECT_STREQ(name_of(Colour::kGreen), "green");
  EXPECT_EQ(value_named<Colour>("red"), Colour::kRed);
  EXPECT_EQ(value_named<Colour>("re"), std::nullopt);
  EXPECT_EQ(value_named<Colour>(""), std::nullopt);
  EXPECT_EQ(all_names<Colour>("|"), "red|green");
}

TEST(EnumNames, AValueWithoutANameIsSaidToBeUnknown) {
  EXPECT_STREQ(name_of(Colour::kUnnamed), "???");
  EXPECT_STREQ(name_of(static_cast<Colour>(200)), "???");
}

}  // namespace
}  // namespace gorotrace
