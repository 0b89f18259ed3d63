#include "http/authorization.h"

#include <gtest/gtest.h>

#include <fstream>

namespace gorotrace {
namespace {

TEST(BearerToken, IsTheSchemesAlone) {
  EXPECT_EQ(bearer_token("Bearer abc"), "abc");
  EXPECT_EQ(bearer_token("bEARER   a-._~+/9== "), "a-._~+/9==");
  for (const char* header : {"", "Bearer", "Bearer ", "Bearerabc", "Basic abc", "Bearer a b", "Bearer a=b",
                             "Bearer =", "Bearer a\x01", "Bearer a,b"})
    EXPECT_FALSE(bearer_token(header)) << header;
}

TEST(EqualInConstantTime, ComparesEveryByte) {
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_TRUE(equal_in_constant_time("secret", "secret"));
  for (const char* other : {"Secret", "secreT", "secre", "secrets", ""})
    EXPECT_FALSE(equal_in_constant_time(other, "secret")) << other;
}

class TokenFile : public ::testing::Test {
 protected:
  Result<std::string> read(const std::string& content) {
    const std::string path = ::testing::TempDir() + "gorotrace-token";
    std::ofstream(path) << content;
    return read_token_file(path);
  }
};

TEST_F(TokenFile, IsAToken) {
  EXPECT_EQ(read("0123456789abcdef\n").value(), "0123456789abcdef");
  EXPECT_EQ(read("  0123456789abcdef==\r\n\n").value(), "0123456789abcdef==");
  for (const std::string content :
       {"", "\n", "short", "0123456789abcdef 0123456789abcdef", "0123456789abcdef\n\x01"}) {
    const auto refused = read(content);
    ASSERT_FALSE(refused) << content;
    EXPECT_EQ(refused.error().kind, ErrorKind::kUsage);
    EXPECT_EQ(refused.error().message.find("0123456789abcdef"), std::string::npos)
        << "a secret is not repeated";
  }
  EXPECT_FALSE(read(std::string(5000, 'a')));
  EXPECT_FALSE(read_token_file("/nowhere/token"));
}

}  // namespace
}  // namespace gorotrace
