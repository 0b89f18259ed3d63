// Debug information that says what no compiler would.
#include <gtest/gtest.h>

#include "golang/offsets.h"
#include "tests/fuzz/elf_file.h"

namespace gorotrace {
namespace {

// A unit "runtime" with a struct runtime.g, whose only member is goid, there.
std::vector<std::uint8_t> file_with_goid_at(std::uint64_t offset) {
  constexpr std::uint8_t kUnit = 0x11, kStruct = 0x13, kMember = 0x0d, kName = 3, kLocation = 0x38;
  constexpr std::uint8_t kString = 8, kUdata = 15;
  const std::vector<std::uint8_t> abbrev{1, kUnit,   1, kName, kString, 0,         0,  //
                                         2, kStruct, 1, kName, kString, 0,         0,  //
                                         3, kMember, 0, kName, kString, kLocation, kUdata, 0, 0, 0};
  std::string dies =
      std::string("\1runtime\0", 9) + std::string("\2runtime.g\0", 11) + std::string("\3goid\0", 6);
  for (; offset > 0x7f; offset >>= 7) dies += static_cast<char>(offset | 0x80);
  dies += static_cast<char>(offset);
  dies += std::string(2, '\0');
  std::vector<std::uint8_t> info;
  fuzz::put(info, 0, static_cast<std::uint32_t>(dies.size() + 7));
  fuzz::put(info, 4, std::uint16_t{4});  // the version
  fuzz::put(info, 6, std::uint32_t{0});
  info.push_back(8);
  info.insert(info.end(), dies.begin(), dies.end());
  return fuzz::elf_file({{".debug_abbrev", 0x10000, abbrev}, {".debug_info", 0x20000, info}});
}

TEST(ForgedDwarf, AnOffsetThatNoStructHasIsNone) {
  for (const std::uint64_t sound : {0u, 152u, 0xfffeu}) {
    const auto image = ElfImage::from_bytes(file_with_goid_at(sound));
    ASSERT_TRUE(image);
    const auto found = offsets_from_dwarf(**image);
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ(found->offsets.g_goid, sound);
  }
  for (const std::uint64_t absurd : {std::uint64_t{kAbsent}, std::uint64_t{1} << 40}) {
    const auto image = ElfImage::from_bytes(file_with_goid_at(absurd));
    ASSERT_TRUE(image);
    EXPECT_FALSE(offsets_from_dwarf(**image)) << absurd;
  }
}

}  // namespace
}  // namespace gorotrace
