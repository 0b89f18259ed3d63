// Memory that lies: every reader ends in bounded time with an error or a result that says what is missing.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "forged_runtime.h"
#include "snapshot/allgs_cache.h"

namespace gorotrace {
namespace {

using testing::FakeMemory;

struct Forged : testing::ForgedRuntime {
  Result<Snapshot> read() { return GoroutineReader(memory, config).read(StackDepth::kAsProbes); }
};

TEST(Hostile, TheForgedRuntimeIsReadWhole) {
  Forged f;
  f.add(1);
  f.add(2);
  const auto s = f.read();
  ASSERT_TRUE(s.has_value()) << s.error().message;
  EXPECT_EQ(s->counts.stacks, 2u);
  EXPECT_TRUE(std::ranges::equal(s->pcs(s->goroutines[1]), std::array<std::uint64_t, 2>{0x400100, 0x400200}));
  EXPECT_EQ(s->stacks.size(), 1u);
}

TEST(Hostile, HugeOrTornSlicesAreRefused) {
  Forged f;
  f.add(1);
  for (const auto& [data, length, capacity] :
       std::vector<std::array<std::uint64_t, 3>>{{Forged::kArray, 1ull << 40, 1ull << 40},
                                                 {Forged::kArray, 5, 4},
                                                 {Forged::kArray + 1, 1, 1},
                                                 {Forged::kArray, 0, 0},
                                                 {0xdead0000, 8, 8}}) {
    f.header(data, length, capacity);
    const auto s = f.read();
    ASSERT_FALSE(s.has_value());
    EXPECT_EQ(s.error().kind, ErrorKind::kUnsupported);
    EXPECT_NE(s.error().message.find("allgs"), std::string::npos);
  }
}

TEST(Hostile, ForgedPointersAreCountedAndTheRestIsRead) {
  Forged f;
  f.add(1);
  const std::uint64_t g = f.add(2);
  f.array.insert(f.array.end(), {0, 1, ~0ull, 0xdead0000, g, g + 8});
  f.publish();
  const auto s = f.read();
  ASSERT_TRUE(s.has_value()) << s.error().message;
  EXPECT_EQ(s->counts.unreadable, 6u);
  EXPECT_EQ(s->counts.alive, 2u);
  EXPECT_EQ(s->counts.stacks, 2u);
}

TEST(Hostile, StacksThatCannotBeAreLeftOut) {
  Forged f;
  const std::uint64_t cycle = f.add(1), outside = f.add(2), unmapped = f.add(3), text = f.add(4),
                      huge = f.add(5);
  f.word(cycle, 96, Forged::sp_of(1) + 16);
  f.memory.words(Forged::sp_of(1) + 16, {Forged::sp_of(1) + 16, 0x400200});
  f.word(outside, 56, 0x10);
  f.word(unmapped, 0, 0xdead'0000);
  f.word(unmapped, 8, 0xdead'1000);
  f.word(unmapped, 56, 0xdead'0800);
  f.word(text, 64, 0x10);
  f.word(huge, 0, 0);
  f.word(huge, 8, ~0ull & ~7ull);
  f.add(6);
  const auto s = f.read();
  ASSERT_TRUE(s.has_value()) << s.error().message;
  EXPECT_EQ(s->counts.alive, 6u);
  EXPECT_EQ(s->counts.stacks, 1u);
  EXPECT_EQ(s->counts.unvalidated, 5u);
  for (const auto& g : s->goroutines) EXPECT_EQ(s->pcs(g).empty(), g.goid != 6) << g.goid;
}

// A list that is there, all zeros, as long as anybody likes; and what was read of it.
struct Endless : FakeMemory {
  static constexpr std::uint64_t kList = 1ull << 40;
  std::uint64_t used = 0;
  mutable std::uint64_t asked = 0;
  [[nodiscard]] std::optional<std::uint64_t> used_bytes() const override { return used; }
  bool read(std::uint64_t address, std::span<std::uint8_t> out) const override {
    if (address < kList) return FakeMemory::read(address, out);
    asked += out.size();
    std::ranges::fill(out, std::uint8_t{0});
    return true;
  }
  bool read_many(std::span<const Range> ranges, std::vector<bool>& failed) const override {
    failed.assign(ranges.size(), false);
    for (std::size_t i = 0; i < ranges.size(); ++i) failed[i] = !read(ranges[i].address, ranges[i].out);
    return true;
  }
};

TEST(Hostile, NoMoreGoroutinesAreReadThanItHasMemoryFor) {
  constexpr std::uint64_t kClaimed = 1u << 20;
  Forged f;
  f.config.max_goroutines = kClaimed;
  Endless memory;
  memory.words(Forged::kAllgs, {Endless::kList, kClaimed, kClaimed});
  const std::uint64_t size = allgs_limits(f.config).g_size;
  ASSERT_GT(size, 300u);
  const auto read = [&](std::uint64_t used) {
    memory.used = used;
    memory.asked = 0;
    auto s = GoroutineReader(memory, f.config).read(StackDepth::kAsProbes);
    EXPECT_TRUE(s.has_value()) << s.error().message;
    return s ? s->counts : SnapshotCounts{};
  };
  // However little it has, some are believed.
  SnapshotCounts c = read(4096);
  EXPECT_EQ(c.unreadable, 1u << 16);
  EXPECT_EQ(c.implausible, kClaimed - (1u << 16));
  EXPECT_EQ(memory.asked, 8u << 16);
  c = read(100'000 * size);
  EXPECT_EQ(c.unreadable, 200'000u);
  EXPECT_EQ(c.implausible, kClaimed - 200'000);
  c = read(kClaimed * size);
  EXPECT_EQ(c.unreadable, kClaimed);
  EXPECT_EQ(c.implausible, 0u);
  memory.words(Forged::kAllgs, {Endless::kList, kClaimed + 1, kClaimed + 1});
  EXPECT_FALSE(GoroutineReader(memory, f.config).read(StackDepth::kAsProbes).has_value());
  // Sampling, which keeps the list, refuses it.
  memory.words(Forged::kAllgs, {Endless::kList, kClaimed, kClaimed});
  memory.used = 4096;
  AllgsCache cache(memory, Forged::kAllgs, allgs_limits(f.config));
  EXPECT_FALSE(cache.refresh().has_value());
}

TEST(Hostile, TimeIsBounded) {
  Forged f;
  for (std::uint64_t i = 1; i < 200; ++i) f.add(i);
  f.config.max_duration_ns = 0;
  const auto s = f.read();
  ASSERT_TRUE(s.has_value());
  EXPECT_GT(s->counts.not_reached, 0u);
  EXPECT_EQ(s->counts.seen + s->counts.not_reached, 199u);
}

TEST(Hostile, AProcessThatGoesIsAnError) {
  Forged f;
  f.add(1);
  f.memory.gone = true;
  EXPECT_FALSE(f.read().has_value());
}

TEST(Hostile, LooksThatAreTooFarApartProveNothing) {
  Forged f;
  f.add(1);
  f.config.max_between_looks_ns = 0;
  const auto s = f.read();
  ASSERT_TRUE(s.has_value());
  EXPECT_EQ(s->counts.stacks, 0u);
  EXPECT_EQ(s->counts.unvalidated, 1u);
}

// Every look finds the goroutine further on: it never gets a stack, and the first look's state stands.
TEST(Hostile, AGoroutineThatMovesBetweenTheLooksHasNoStack) {
  struct Moving : FakeMemory {
    std::uint64_t seq = 0;
    mutable std::uint64_t ticks = 0;
    bool read_many(std::span<const Range> ranges, std::vector<bool>& failed) const override {
      const bool ok = FakeMemory::read_many(ranges, failed);
      for (const Range& r : ranges) {
        if (r.address <= seq && seq < r.address + r.out.size()) {
          r.out[seq - r.address] = static_cast<std::uint8_t>(++ticks);
        }
      }
      return ok;
    }
  } memory;
  Forged f;
  const std::uint64_t g = f.add(1);
  memory.copy_bytes(f.memory);
  memory.seq = g + f.config.offsets.g_trackingSeq;
  const auto s = GoroutineReader(memory, f.config).read(StackDepth::kAsProbes);
  ASSERT_TRUE(s.has_value());
  EXPECT_EQ(s->counts.unvalidated, 1u);
  EXPECT_TRUE(s->pcs(s->goroutines[0]).empty());
  EXPECT_EQ(s->goroutines[0].status, GStatus::kWaiting);
}

}  // namespace
}  // namespace gorotrace
