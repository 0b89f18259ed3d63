#include "http/listen_address.h"

#include <gtest/gtest.h>

namespace gorotrace {
namespace {

TEST(ListenAddress, IsAnAddressAndAPort) {
  const std::tuple<const char*, const char*, bool> cases[] = {
      {"localhost:9464", "127.0.0.1:9464", true}, {"127.0.0.9:0", "127.0.0.9:0", true},
      {"[::1]:9464", "[::1]:9464", true},         {"10.0.0.1:80", "10.0.0.1:80", false},
      {"0.0.0.0:80", "0.0.0.0:80", false},        {":9464", "[::]:9464", false},
      {"[::]:9464", "[::]:9464", false},          {"[fe80::1]:9464", "[fe80::1]:9464", false}};
  for (const auto& [text, shown, loopback] : cases) {
    const auto address = parse_listen_address(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->text(), shown);
    EXPECT_EQ(address->loopback(), loopback) << text;
  }
}

TEST(ListenAddress, RefusesTheRest) {
  for (const char* text :
       {"", "9464", "localhost", "localhost:", "localhost:65536", "localhost:-1", "example.org:80",
        "::1:9464", "[::1]9464", "[::1:9464", "[127.0.0.1]:80", "127.1:80", "127.0.0.1:80 ", "a b:1"}) {
    const auto address = parse_listen_address(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().kind, ErrorKind::kUsage);
  }
}

TEST(NamesLoopback, OurOwnNamesAlone) {
  for (const char* host : {"localhost", "LocalHost:9464", "127.0.0.1", "127.9.9.9:1", "[::1]", "[::1]:9464"})
    EXPECT_TRUE(names_loopback(host)) << host;
  for (const char* host :
       {"", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example:9464",
        "localhost:", "localhost:x", "[::1]x", "[::2]", "[::1", "0.0.0.0", "10.0.0.1", "::1", "2130706433"})
    EXPECT_FALSE(names_loopback(host)) << host;
}

}  // namespace
}  // namespace gorotrace
