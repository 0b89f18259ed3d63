#include "snapshot/merged_ranges.h"

#include <gtest/gtest.h>

namespace gorotrace {
namespace {

// Fills what would be read with the low byte of each address.
std::vector<Memory::Range> read(MergedRanges& merged) {
  std::vector<Memory::Range> ranges;
  merged.append_to(ranges);
  for (const Memory::Range& r : ranges) {
    for (std::size_t i = 0; i < r.out.size(); ++i) r.out[i] = static_cast<std::uint8_t>((r.address + i) / 64);
  }
  return ranges;
}

void expect_piece(const MergedRanges& merged, std::size_t n, std::uint64_t begin, std::uint64_t size) {
  const Bytes bytes = merged.piece(n);
  ASSERT_EQ(bytes.size(), size);
  for (std::size_t i = 0; i < bytes.size(); ++i)
    ASSERT_EQ(bytes[i], static_cast<std::uint8_t>((begin + i) / 64));
}

TEST(MergedRanges, NeighboursShareARangeAndKeepTheirBytes) {
  MergedRanges merged;
  for (int use = 0; use < 2; ++use) {
    merged.clear();
    merged.add(0x1000, 400);
    merged.add(0x1200, 400);
    merged.add(0x9000, 64);       // too far
    merged.add(0x9000, 4096);     // overlaps
    merged.add(0x9800, 16);       // lies inside
    merged.add(0xb000, 8, true);  // near, but alone
    merged.add(0xb008, 8);
    EXPECT_EQ(read(merged).size(), 4u);
    expect_piece(merged, 0, 0x1000, 400);
    expect_piece(merged, 1, 0x1200, 400);
    expect_piece(merged, 3, 0x9000, 4096);
    expect_piece(merged, 4, 0x9800, 16);
    expect_piece(merged, 6, 0xb008, 8);
    EXPECT_EQ(merged.range_of(0), merged.range_of(1));
    EXPECT_EQ(merged.range_of(2), merged.range_of(4));
    EXPECT_NE(merged.range_of(5), merged.range_of(6));
  }
}

TEST(MergedRanges, ARangeIsBoundedAndFallingAddressesStartANewOne) {
  MergedRanges merged;
  for (std::uint64_t i = 0; i < 100; ++i) merged.add(i * 4096, 4096);
  for (const Memory::Range& r : read(merged)) EXPECT_LE(r.out.size(), 64u * 1024);
  expect_piece(merged, 99, 99 * 4096, 4096);
  merged.clear();
  merged.add(0x2000, 16);
  merged.add(0x1ff8, 16);
  EXPECT_EQ(read(merged).size(), 2u);
  expect_piece(merged, 1, 0x1ff8, 16);
}

}  // namespace
}  // namespace gorotrace
