#include "recording/varint.h"

#include <gtest/gtest.h>

#include <limits>

namespace gorotrace {
namespace {

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();

Bytes bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

TEST(Varint, GoesOutAndBack) {
  for (const std::uint64_t value :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{127}, std::uint64_t{128}, std::uint64_t{1} << 32,
        std::uint64_t{1} << 63, kMax}) {
    std::string out;
    append_varint(out, value);
    EXPECT_LE(out.size(), kMaxVarintBytes);
    out += "x";
    Bytes rest = bytes_of(out);
    std::uint64_t read = 0;
    ASSERT_TRUE(take_varint(rest, read)) << value;
    EXPECT_EQ(read, value);
    EXPECT_EQ(as_text(rest), "x");
    for (std::size_t cut = 0; cut < out.size() - 1; ++cut) {
      rest = bytes_of(out).first(cut);
      EXPECT_FALSE(take_varint(rest, read));
      EXPECT_EQ(rest.size(), cut);
    }
  }
}

TEST(Varint, MoreThan64BitsIsNone) {
  std::uint64_t read = 7;
  for (const std::string& text : {std::string(9, '\xff') + "\x02", std::string(10, '\xff') + "\x01"}) {
    Bytes rest = bytes_of(text);
    EXPECT_FALSE(take_varint(rest, read));
    EXPECT_EQ(read, 7u);
  }
}

TEST(Varint, DifferencesOfEitherSignAreSmall) {
  EXPECT_EQ(zigzag(0), 0u);
  EXPECT_EQ(zigzag(kMax), 1u);  // -1
  EXPECT_EQ(zigzag(1), 2u);
  for (const std::uint64_t value :
       {std::uint64_t{0}, std::uint64_t{1}, kMax, std::uint64_t{1} << 63, kMax >> 1})
    EXPECT_EQ(from_zigzag(zigzag(value)), value);
}

}  // namespace
}  // namespace gorotrace
