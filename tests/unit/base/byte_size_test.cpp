#include "base/byte_size.h"

#include <gtest/gtest.h>

namespace gorotrace {
namespace {

TEST(ByteSize, is_read_with_units_of_1024) {
  EXPECT_EQ(parse_bytes("4096"), 4096u);
  EXPECT_EQ(parse_bytes("4k"), 4096u);
  EXPECT_EQ(parse_bytes("8MiB"), 8u << 20);
  EXPECT_EQ(parse_bytes("2G"), 2ull << 30);
  EXPECT_EQ(parse_bytes("0"), 0u);
}

TEST(ByteSize, of_what_is_none_is_refused) {
  for (const char* text :
       {"", "k", "-1", "1.5g", "1kb", "1 k", "1T", "18446744073709551616", "18446744073709551615g"})
    EXPECT_FALSE(parse_bytes(text)) << text;
}

TEST(ByteSize, is_shown_in_the_unit_that_fits) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(1023), "1023 B");
  EXPECT_EQ(format_bytes(1024), "1.0 KiB");
  EXPECT_EQ(format_bytes(10'000'000), "9.5 MiB");
  EXPECT_EQ(format_bytes(200ull << 20), "200 MiB");
  EXPECT_EQ(format_bytes((1ull << 20) - 1), "1.0 MiB");
  EXPECT_EQ(format_bytes(5ull << 40), "5.0 TiB");
}

}  // namespace
}  // namespace gorotrace
