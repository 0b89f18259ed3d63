#include "probe/emulation.h"

#include <gtest/gtest.h>

#include <vector>

namespace gorotrace {
namespace {

using Code = std::vector<std::uint8_t>;

TEST(Emulation, Amd64) {
  const TrapCosts old_kernel, new_kernel{.emulates_long_nop = true};
  for (const Code& c : {Code{0x55},
                        {0x41, 0x57},
                        {0x90},
                        {0x66, 0x90},
                        {0x76, 0x10},
                        {0x0f, 0x86, 1, 0, 0, 0},
                        {0xeb, 1},
                        {0xe9, 1, 0, 0, 0},
                        {0xe8, 1, 0, 0, 0}}) {
    EXPECT_TRUE(is_emulated(Arch::kAmd64, c, old_kernel)) << int{c[0]};
  }
  for (const Code& c :
       {Code{0xc3}, {0x49, 0x3b, 0x66, 0x10}, {0x48, 0x83, 0xec, 0x20}, {0x48, 0x89, 0xe5}, {0xf3, 0x90}}) {
    EXPECT_FALSE(is_emulated(Arch::kAmd64, c, new_kernel)) << int{c[0]};
  }
  const Code nop3{0x0f, 0x1f, 0x00};
  EXPECT_FALSE(is_emulated(Arch::kAmd64, nop3, old_kernel));
  EXPECT_TRUE(is_emulated(Arch::kAmd64, nop3, new_kernel));
}

TEST(Emulation, FiveByteNopIsNeverASite) {
  const Code nop5{0x0f, 0x1f, 0x44, 0x00, 0x00};
  EXPECT_TRUE(is_forbidden_site(Arch::kAmd64, nop5));
  EXPECT_FALSE(is_emulated(Arch::kAmd64, nop5, {.emulates_long_nop = true}));
  EXPECT_FALSE(is_forbidden_site(Arch::kAmd64, Code{0x0f, 0x1f, 0x40, 0x00}));
}

TEST(Emulation, Arm64) {
  const auto word = [](std::uint32_t w) {
    return Code{static_cast<std::uint8_t>(w), static_cast<std::uint8_t>(w >> 8),
                static_cast<std::uint8_t>(w >> 16), static_cast<std::uint8_t>(w >> 24)};
  };
  for (const std::uint32_t w : {0x14000002u, 0x94000012u, 0x540002c9u, 0xb4001ee0u, 0x35001b82u, 0x36000045u,
                                0xb0000f9bu, 0x10000000u, 0x58000040u, 0xd65f03c0u}) {
    EXPECT_TRUE(is_emulated(Arch::kArm64, word(w), {})) << std::hex << w;
  }
  for (const std::uint32_t w : {0xf9400b90u, 0xeb3063ffu, 0xf81d0ffeu, 0xd10023fdu, 0xaa0003e1u}) {
    EXPECT_FALSE(is_emulated(Arch::kArm64, word(w), {.emulates_long_nop = true})) << std::hex << w;
  }
  EXPECT_FALSE(is_emulated(Arch::kArm64, word(0xd503201f), {}));
  EXPECT_TRUE(is_emulated(Arch::kArm64, word(0xd503201f), {.emulates_long_nop = true}));
  EXPECT_FALSE(is_emulated(Arch::kArm64, Code{0x1f}, {}));
}

}  // namespace
}  // namespace gorotrace
