#include "http/request_target.h"

#include <gtest/gtest.h>

#include <limits>

namespace gorotrace {
namespace {

TEST(RequestTarget, IsDecodedOnce) {
  const auto target = parse_request_target("/a%2fb/%2541?debug=1&x=a+b%3d&debug=2&flag&=v");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, "/a/b/%41");
  EXPECT_EQ(target->raw_query, "debug=1&x=a+b%3d&debug=2&flag&=v");
  ASSERT_EQ(target->query.size(), 5u);
  EXPECT_EQ(*target->value("debug"), "1");
  EXPECT_EQ(*target->value("x"), "a b=");
  EXPECT_EQ(*target->value("flag"), "");
  EXPECT_EQ(target->value("y"), nullptr);
}

TEST(RequestTarget, LeavesOutWhatCannotBeDecoded) {
  const auto target = parse_request_target("/p?a=%zz&b=%4&c=1;d=2&&e=5?f");
  ASSERT_TRUE(target);
  ASSERT_EQ(target->query.size(), 1u);
  EXPECT_EQ(*target->value("e"), "5?f");
}

TEST(RequestTarget, RefusesWhatIsNoPath) {
  for (const char* text : {"",
                           "*",
                           "a",
                           "/%",
                           "/%4",
                           "/%4g",
                           "/%00",
                           "/a b",
                           "/a\tb",
                           "/a?b c",
                           "/\x7f",
                           "node:9464",
                           "http:/x/",
                           "http://",
                           "http:///metrics",
                           "http://?a",
                           "http://u@x/",
                           "http://x#f/",
                           "http://x\\y/",
                           "http://x/%zz",
                           "ftp://x/",
                           "file:///etc/passwd"})
    EXPECT_FALSE(parse_request_target(text)) << text;
  EXPECT_TRUE(parse_request_target("/../%2e%2e/etc"));  // a name like any other: no file is behind it
}

TEST(RequestTarget, IsAWholeUrl) {
  const auto target = parse_request_target("http://node:9464/a%20b?c=d&e=http://f/");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->authority, "node:9464");
  EXPECT_EQ(target->path, "/a b");
  EXPECT_EQ(target->raw_query, "c=d&e=http://f/");
  for (const char* text : {"HTTP://[::1]", "https://[::1]/", "http://[::1]?"}) {
    const auto bare = parse_request_target(text);
    ASSERT_TRUE(bare) << text;
    EXPECT_EQ(bare->authority, "[::1]");
    EXPECT_EQ(bare->path, "/");
  }
  EXPECT_EQ(parse_request_target("/http://x/")->authority, std::nullopt);
}

TEST(GoAtoi, IsStrconvs) {
  using Limits = std::numeric_limits<std::int64_t>;
  const std::pair<const char*, std::int64_t> cases[] = {{"0", 0},
                                                        {"2", 2},
                                                        {"+2", 2},
                                                        {"-2", -2},
                                                        {"", 0},
                                                        {"-", 0},
                                                        {"2x", 0},
                                                        {" 2", 0},
                                                        {"0x2", 0},
                                                        {"9223372036854775807", Limits::max()},
                                                        {"9223372036854775808", Limits::max()},
                                                        {"-9223372036854775808", Limits::min()},
                                                        {"-9223372036854775809", Limits::min()},
                                                        {"99999999999999999999999", Limits::max()}};
  for (const auto& [text, value] : cases) EXPECT_EQ(go_atoi(text), value) << text;
}

}  // namespace
}  // namespace gorotrace
