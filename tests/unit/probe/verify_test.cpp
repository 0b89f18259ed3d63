#include "probe/verify.h"

#include <gtest/gtest.h>

#include <vector>

namespace gorotrace {
namespace {

using Code = std::vector<std::uint8_t>;

Site site_with(Code instruction) {
  Site s;
  s.function = "runtime.park_m";
  s.instruction = std::move(instruction);
  return s;
}

TEST(VerifySiteBytes, Amd64) {
  const Site s = site_with({0x76, 0x53});
  EXPECT_EQ(verify_site_bytes(Arch::kAmd64, s, Code{0x76, 0x53}).value(), SiteBytes::kUntouched);
  EXPECT_EQ(verify_site_bytes(Arch::kAmd64, s, Code{0xcc, 0x53}).value(), SiteBytes::kShared);
  for (const Code& other : {Code{0x77, 0x53}, {0x76, 0x54}, {0xcc, 0x54}, {0x76}, {}}) {
    EXPECT_FALSE(verify_site_bytes(Arch::kAmd64, s, other).has_value());
  }
  const auto refused = verify_site_bytes(Arch::kAmd64, s, Code{0x90, 0x90});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::kUnsupported);
  EXPECT_NE(refused.error().message.find("90 90"), std::string::npos) << refused.error().message;
}

TEST(VerifySiteBytes, Arm64) {
  const Site s = site_with({0xc9, 0x02, 0x00, 0x54});
  EXPECT_EQ(verify_site_bytes(Arch::kArm64, s, Code{0xc9, 0x02, 0x00, 0x54}).value(), SiteBytes::kUntouched);
  EXPECT_EQ(verify_site_bytes(Arch::kArm64, s, Code{0xa0, 0x00, 0x20, 0xd4}).value(),
            SiteBytes::kShared);  // brk #5
  EXPECT_FALSE(verify_site_bytes(Arch::kArm64, s, Code{0xcc, 0x02, 0x00, 0x54}).has_value());
}

TEST(VerifySiteBytes, NothingProbedIsNothingVerified) {
  EXPECT_FALSE(verify_site_bytes(Arch::kAmd64, Site{}, Bytes{}).has_value());
}

}  // namespace
}  // namespace gorotrace
