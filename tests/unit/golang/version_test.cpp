#include <gmock/gmock.h>

#include "golang/binary.h"

namespace gorotrace {
namespace {

using ::testing::HasSubstr;

TEST(GoVersion, WhatTheRuntimePrints) {
  struct Case {
    const char* text;
    int minor, patch;
  };
  for (const auto& [text, minor, patch] : {Case{"go1.26.8", 26, 8},
                                           {"go1.27rc1", 27, 0},
                                           {"go1.18", 18, 0},
                                           {"devel go1.28-abcdef Mon", 28, 0},
                                           {"go1.22.4 X:nocoverageredesign", 22, 4},
                                           {"go1.21-20230317-RC00 cl/1", 21, 0}}) {
    const auto version = GoVersion::parse(text);
    ASSERT_TRUE(version) << text;
    EXPECT_EQ(version->major, 1) << text;
    EXPECT_EQ(version->minor, minor) << text;
    EXPECT_EQ(version->patch, patch) << text;
    EXPECT_EQ(version->text, text);
  }
  for (const char* text :
       {"", "go", "go1", "go1.", "1.26", "devel +abcdef", "unknown", "go1.x", "go1.99999999999"})
    EXPECT_FALSE(GoVersion::parse(text)) << text;
}

TEST(GoVersion, ComparesByMinor) {
  const auto version = *GoVersion::parse("go1.26.8");
  EXPECT_TRUE(version.compare_minor(1, 26) == 0);
  EXPECT_TRUE(version.compare_minor(1, 27) < 0);
  EXPECT_TRUE(version.compare_minor(1, 18) > 0);
  EXPECT_TRUE(version.compare_minor(2, 0) < 0);
  EXPECT_TRUE(version.at_least(26));
  EXPECT_FALSE(version.at_least(27));
}

TEST(GoBinary, WhatIsNotGoIsRefused) {
  const auto self = GoBinary::open("/proc/self/exe");
  ASSERT_FALSE(self);
  EXPECT_EQ(self.error().kind, ErrorKind::kUnsupported);
  EXPECT_THAT(self.error().message, HasSubstr("not a Go executable"));
  const auto text = GoBinary::open("/proc/self/exe/none");
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().kind, ErrorKind::kFailed);
}

}  // namespace
}  // namespace gorotrace
