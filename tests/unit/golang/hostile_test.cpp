// Binaries cut off or corrupted anywhere: any answer or error will do, a crash or an endless loop will not.
#include <algorithm>
#include <chrono>
#include <random>

#include "golang/buildinfo.h"
#include "golang/derived_offsets.h"
#include "golang/globals.h"
#include "golang/metrics_offsets.h"
#include "golang/offsets.h"
#include "subjects.h"

namespace gorotrace::testing {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kAtMost = std::chrono::seconds(5);  // for one binary of 2 MB; a sound one takes milliseconds

// Uses everything; true when the line table could be opened.
bool use(std::vector<std::uint8_t> bytes, std::mt19937& random) {
  const auto start = Clock::now();
  const auto image = ElfImage::from_bytes(std::move(bytes));
  if (!image) return false;
  (void)read_buildinfo(**image);
  (void)find_wait_reasons(**image, *GoVersion::parse("go1.26"));
  const auto table = Pclntab::make(**image);
  if (table) {
    const Pclntab& t = **table;
    for (int i = 0; i < 100; ++i) {
      const std::uint64_t pc = t.text() + random() % (t.etext() - t.text() + 4096);
      EXPECT_FALSE(t.frames(pc).empty());
      (void)t.sp_delta(pc);
      (void)t.function_at(pc);
    }
    (void)t.function_named("runtime.park_m");
    (void)t.functions_inlining("main.inlined2");
    (void)version_from_code(**image, t);
    (void)derive_offsets(**image, t);
    (void)find_globals(**image, t, RuntimeOffsets{});
    (void)offsets_from_types(**image, t);
    (void)metrics_offsets_from_types(**image, t);
  }
  EXPECT_LT(Clock::now() - start, kAtMost);
  return table.has_value();
}

class Hostile : public ::testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(All, Hostile,
                         ::testing::Values("go1.18.stripped", "go" GOROTRACE_NEWEST_MINOR ".stripped",
                                           "go" GOROTRACE_NEWEST_MINOR "-pie.stripped"),
                         [](const auto& subject) {
                           std::string name = subject.param;
                           std::replace_if(
                               name.begin(), name.end(), [](char c) { return c == '.' || c == '-'; }, '_');
                           return name;
                         });

TEST_P(Hostile, Truncated) {
  const auto whole = read_file(Subject{GetParam(), ""}.path());
  ASSERT_GT(whole.size(), 100'000u);
  std::mt19937 random(1);
  for (int i = 0; i < 60; ++i) {
    auto cut = whole;
    cut.resize(i < 20 ? static_cast<std::size_t>(i) * 16 : random() % whole.size());
    (void)use(std::move(cut), random);
  }
}

TEST_P(Hostile, CorruptedLineTable) {
  const std::string path = Subject{GetParam(), ""}.path();
  const auto whole = read_file(path);
  const auto image = ElfImage::open(path);
  ASSERT_TRUE(image);
  auto section = (*image)->section(".gopclntab");
  if (!section) section = (*image)->section(".data.rel.ro.gopclntab");
  ASSERT_TRUE(section);
  ASSERT_LE(section->offset + section->size, whole.size());
  std::mt19937 random(2);
  int opened = 0;
  for (int i = 0; i < 40; ++i) {
    auto bytes = whole;
    // One byte in 50 of the table, its header spared: most of these tables open and lie. Every fourth time
    // the header too.
    const std::size_t spare = i % 4 == 0 ? 8 : 72;
    for (std::size_t n = section->size / 50; n > 0; --n)
      bytes[section->offset + spare + random() % (section->size - spare)] =
          static_cast<std::uint8_t>(random());
    opened += use(std::move(bytes), random) ? 1 : 0;
  }
  EXPECT_GE(opened, 20);
}

// The fields of runtime.g: names, types and offsets that lead anywhere, their number and each descriptor's
// kind.
TEST_P(Hostile, CorruptedTypeDescriptors) {
  const std::string path = Subject{GetParam(), ""}.path();
  const auto whole = read_file(path);
  const auto image = ElfImage::open(path);
  ASSERT_TRUE(image);
  const std::string_view name =
      "\x0c"
      "atomicstatus";
  std::size_t places = 0, table = 0;
  std::mt19937 random(4);
  for (auto at = whole.begin(); (at = std::search(at, whole.end(), name.begin(), name.end())) != whole.end();
       ++at) {
    for (const auto& s : (*image)->segments()) {
      const auto offset = static_cast<std::uint64_t>(at - whole.begin()) - 1;
      if (offset < s.offset || offset >= s.offset + s.filesz) continue;
      for (const std::uint64_t field : (*image)->words_equal(s.vaddr + (offset - s.offset), 4)) {
        const auto there = (*image)->offset_of(field);
        ASSERT_TRUE(there);
        ++places;
        for (int i = 0; i < 20; ++i) {
          auto bytes = whole;
          const std::size_t begin = *there - std::min<std::size_t>(*there, 1024);
          for (std::size_t n = 1 + random() % 100; n > 0; --n)
            bytes[begin + random() % std::min<std::size_t>(3072, bytes.size() - begin)] =
                random() % 2 == 0 ? whole[*there + random() % 8] : static_cast<std::uint8_t>(random());
          table += use(std::move(bytes), random) ? 1 : 0;
        }
      }
    }
  }
  EXPECT_GE(places, 1u);
  EXPECT_GE(table, 10u);
}

TEST_P(Hostile, CorruptedAnywhere) {
  const auto whole = read_file(Subject{GetParam(), ""}.path());
  std::mt19937 random(3);
  for (int i = 0; i < 40; ++i) {
    auto bytes = whole;
    for (std::size_t n = 1 + bytes.size() / 1000; n > 0; --n)
      bytes[64 + random() % (bytes.size() - 64)] = static_cast<std::uint8_t>(random());
    (void)use(std::move(bytes), random);
  }
}

}  // namespace
}  // namespace gorotrace::testing
