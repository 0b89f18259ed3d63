// Line tables made to be slow: whoever goes through all functions stays bounded.
#include <gtest/gtest.h>

#include <chrono>
#include <limits>

#include "golang/pclntab.h"
#include "golang/pclntab_layout.h"
#include "tests/fuzz/line_table_file.h"

namespace gorotrace {
namespace {

using fuzz::put;

// `functions` entries of the table that are all the same function. Its greatest index into its inline tree is
// `greatest`; the tree has `nodes` of one name.
std::vector<std::uint8_t> forged_file(std::uint32_t functions, std::int32_t greatest, std::size_t nodes) {
  constexpr std::uint64_t kNames = PclntabLayout::kHeaderSize, kPcs = kNames + 16, kPcln = kPcs + 16;
  std::vector<std::uint8_t> table;
  const std::uint64_t header[] = {
      kMagic120 | 0x0801ull << 48, functions, 1, fuzz::kText, kNames, kPcs, kPcs, kPcs, kPcln};
  put(table, 0, header);
  put(table, kNames, std::array{'\0', 'f', '\0', 'i', '\0'});
  // One step: from -1 to `greatest`, zigzag, for one instruction.
  std::uint64_t at = kPcs + 1;
  const std::uint32_t by = static_cast<std::uint32_t>(greatest) + 1;
  for (std::uint64_t rest = (by << 1) ^ (by >> 31 != 0 ? ~0u : 0u); rest != 0; rest >>= 7)
    put(table, at++, static_cast<std::uint8_t>((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0)));
  put(table, at, std::array<std::uint8_t, 2>{1, 0});
  const std::uint32_t func_at = functions * 8 + 4;
  for (std::uint32_t i = 0; i < functions; ++i) put(table, kPcln + i * 8ull, std::array{i, func_at});
  put(table, kPcln + functions * 8ull, functions);
  // _func: entry, name, args, deferreturn, pcsp, pcfile, pcln, npcdata, cu, startLine, funcID ... nfuncdata.
  const std::uint32_t record[] = {0, 1, 0, 0, 0, 0, 0, 3, 0, 1, 4u << 24, 0, 0, 1};
  put(table, kPcln + func_at, record);
  const std::uint64_t tree = kPcln + func_at + sizeof record + 16;
  put(table, tree - 16, std::array{~0u, ~0u, ~0u, static_cast<std::uint32_t>(tree)});
  for (std::size_t n = 0; n < nodes; ++n) put(table, tree + n * 16, std::array{0u, 3u, 0u, 0u});
  return fuzz::line_table_file(table, 0, false);
}

TEST(ForgedTable, AllInlineTreesTogetherTakeBoundedTime) {
  using Clock = std::chrono::steady_clock;
  const auto image = ElfImage::from_bytes(forged_file(1u << 17, (1 << 16) - 1, 1u << 16));
  ASSERT_TRUE(image);
  const auto table = Pclntab::make(**image);
  ASSERT_TRUE(table);
  const auto start = Clock::now();
  EXPECT_FALSE((*table)->functions_inlining("i").empty());
  // 8 billion nodes otherwise.
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(5));
}

TEST(ForgedTable, TheGreatestIndexThereIsOverflowsNothing) {
  const auto image = ElfImage::from_bytes(forged_file(1, std::numeric_limits<std::int32_t>::max(), 2));
  ASSERT_TRUE(image);
  const auto table = Pclntab::make(**image);
  ASSERT_TRUE(table);
  EXPECT_EQ((*table)->functions_inlining("i").size(), 1u);
}

}  // namespace
}  // namespace gorotrace
