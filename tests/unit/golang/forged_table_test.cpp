// Line tables made to be slow: whoever goes through all functions stays bounded.
#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <limits>
#include <string>

#include "golang/pclntab.h"
#include "golang/pclntab_layout.h"
#include "tests/fuzz/line_table_file.h"

namespace gorotrace {
namespace {

using fuzz::put;

// Of this process: a machine that does much else makes nothing slow.
double cpu_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr double kMostSeconds = 100;  // some twenty times as slow
#else
constexpr double kMostSeconds = 5;
#endif

// A pcvalue table of one step, for the first instruction: from -1 to `value`.
std::vector<std::uint8_t> one_step(std::int32_t value) {
  std::vector<std::uint8_t> out;
  const std::uint32_t by = static_cast<std::uint32_t>(value) + 1;
  for (std::uint64_t rest = (by << 1) ^ (by >> 31 != 0 ? ~0u : 0u); rest != 0; rest >>= 7)
    out.push_back(static_cast<std::uint8_t>((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0)));
  out.insert(out.end(), {1, 0});
  return out;
}

// The same for 0, after as many steps that lead nowhere.
std::vector<std::uint8_t> many_steps(std::size_t steps) {
  std::vector<std::uint8_t> out;
  for (std::size_t i = 0; i < steps; ++i)
    out.insert(out.end(), {static_cast<std::uint8_t>(i % 2 == 0 ? 2 : 1), 0});
  out.insert(out.end(), {2, 1, 0});
  return out;
}

// `functions` entries of the table that are all the same function. Its tables of indexes into its inline
// tree, of files and of lines are `pcs`; the tree has `nodes` of one name, all called by the first
// instruction.
std::vector<std::uint8_t> forged_file(std::uint32_t functions, const std::vector<std::uint8_t>& pcs,
                                      std::size_t nodes, const std::string& name = "f") {
  const std::uint64_t names_at = PclntabLayout::kHeaderSize, pcs_at = names_at + (name.size() + 12) / 8 * 8,
                      pcln_at = pcs_at + (pcs.size() + 8) / 8 * 8;
  std::vector<std::uint8_t> table;
  const std::uint64_t header[] = {
      kMagic120 | 0x0801ull << 48, functions, 1, fuzz::kText, names_at, pcs_at, pcs_at, pcs_at, pcln_at};
  put(table, 0, header);
  table.resize(pcs_at + 1);
  const std::string names = std::string("\0i\0", 3) + name;
  std::ranges::copy(names, table.begin() + static_cast<std::ptrdiff_t>(names_at));
  table.insert(table.end(), pcs.begin(), pcs.end());
  const std::uint32_t func_at = functions * 8 + 4;
  for (std::uint32_t i = 0; i < functions; ++i) put(table, pcln_at + i * 8ull, std::array{i, func_at});
  put(table, pcln_at + functions * 8ull, functions);
  // _func: entry, name, args, deferreturn, pcsp, pcfile, pcln, npcdata, cu, startLine, funcID ... nfuncdata;
  // the three pcdata.
  const std::uint32_t record[] = {0, 3, 0, 0, 0, 1, 1, 3, 0, 1, 4u << 24, 0, 0, 1};
  put(table, pcln_at + func_at, record);
  const std::uint64_t tree = pcln_at + func_at + sizeof record + 16;
  put(table, tree - 16, std::array{~0u, ~0u, ~0u, static_cast<std::uint32_t>(tree)});
  for (std::size_t n = 0; n < nodes; ++n) put(table, tree + n * 16, std::array{0u, 1u, 0u, 0u});
  return fuzz::line_table_file(table, 0, false);
}

TEST(ForgedTable, AllInlineTreesTogetherTakeBoundedTime) {
  const auto image = ElfImage::from_bytes(forged_file(1u << 17, one_step((1 << 16) - 1), 1u << 16));
  ASSERT_TRUE(image);
  const auto table = Pclntab::make(**image);
  ASSERT_TRUE(table);
  const double start = cpu_seconds();
  EXPECT_FALSE((*table)->functions_inlining("i").empty());
  // 8 billion nodes otherwise.
  EXPECT_LT(cpu_seconds() - start, kMostSeconds);
}

TEST(ForgedTable, ThePlaceOfOnePcTakesBoundedTime) {
  const auto image = ElfImage::from_bytes(forged_file(1, many_steps(1u << 19), 1));
  ASSERT_TRUE(image);
  const auto table = Pclntab::make(**image);
  ASSERT_TRUE(table);
  const double start = cpu_seconds();
  // Inlined into itself without end: 400 million steps each time otherwise.
  for (int i = 0; i < 20; ++i) {
    const auto frames = (*table)->frames(fuzz::kText);
    EXPECT_GT(frames.size(), 1u);
    EXPECT_EQ(frames.back().function, "f");
  }
  EXPECT_LT(cpu_seconds() - start, kMostSeconds);
}

TEST(ForgedTable, AllNamesTogetherTakeBoundedTime) {
  const std::string name(1u << 16, 'f');
  const auto image = ElfImage::from_bytes(forged_file(1u << 20, one_step(0), 1, name));
  ASSERT_TRUE(image);
  const auto table = Pclntab::make(**image);
  ASSERT_TRUE(table);
  const double start = cpu_seconds();
  // 64 GiB otherwise.
  EXPECT_TRUE((*table)->function_named(name));
  EXPECT_LT(cpu_seconds() - start, kMostSeconds);
}

TEST(ForgedTable, TheGreatestIndexThereIsOverflowsNothing) {
  const auto image =
      ElfImage::from_bytes(forged_file(1, one_step(std::numeric_limits<std::int32_t>::max()), 2));
  ASSERT_TRUE(image);
  const auto table = Pclntab::make(**image);
  ASSERT_TRUE(table);
  EXPECT_EQ((*table)->functions_inlining("i").size(), 1u);
}

}  // namespace
}  // namespace gorotrace
