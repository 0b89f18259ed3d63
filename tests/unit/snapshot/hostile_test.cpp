// Memory that lies: every reader ends in bounded time with an error or a result that says what is missing.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "fake_memory.h"
#include "snapshot/goroutines.h"

namespace gorotrace {
namespace {

using testing::FakeMemory;

constexpr std::uint64_t kAllgs = 0x1000, kArray = 0x10000, kG = 0x20000, kStack = 0x100000;

struct Forged {
  FakeMemory memory;
  GoroutineReader::Config config;
  std::vector<std::uint64_t> array;

  Forged() {
    RuntimeOffsets& o = config.offsets;
    o.g_stack_lo = 0;
    o.g_stack_hi = 8;
    o.g_m = 48;
    o.g_sched_sp = 56;
    o.g_sched_pc = 64;
    o.g_sched_bp = 96;
    o.g_syscallsp = 104;
    o.g_syscallpc = 112;
    o.g_syscallbp = 120;
    o.g_atomicstatus = 144;
    o.g_goid = 152;
    o.g_waitreason = 176;
    o.g_trackingSeq = 191;
    o.g_gopc = 288;
    o.g_startpc = 304;
    config.allgs_address = kAllgs;
    config.text = 0x400000;
    config.etext = 0x500000;
    config.max_between_looks_ns = 1'000'000'000;  // this memory is slow, and nobody runs in it
  }
  void header(std::uint64_t data, std::uint64_t length, std::uint64_t capacity) {
    memory.words(kAllgs, {data, length, capacity});
  }
  void word(std::uint64_t g, std::uint16_t offset, std::uint64_t value) { memory.words(g + offset, {value}); }
  // A waiting goroutine with two frames on a stack of 4 KiB.
  std::uint64_t add(std::uint64_t goid) {
    const std::uint64_t g = kG + goid * 512, lo = kStack + goid * 4096, sp = lo + 4096 - 128;
    memory.map(g, 512);
    memory.map(sp, 128);
    word(g, 0, lo);
    word(g, 8, lo + 4096);
    word(g, 56, sp);
    word(g, 64, 0x400100);
    word(g, 96, sp + 16);
    word(g, 144, 4);
    word(g, 152, goid);
    word(g, 176, 14);
    word(g, 288, 0x400300);
    word(g, 304, 0x400400);
    memory.words(sp + 16, {0, 0x400200});
    array.push_back(g);
    publish();
    return g;
  }
  void publish() {
    memory.put(kArray, array.data(), array.size() * 8);
    header(kArray, array.size(), array.size());
  }
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
       std::vector<std::array<std::uint64_t, 3>>{{kArray, 1ull << 40, 1ull << 40},
                                                 {kArray, 5, 4},
                                                 {kArray + 1, 1, 1},
                                                 {kArray, 0, 0},
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
  const auto sp = [](std::uint64_t goid) { return kStack + goid * 4096 + 4096 - 128; };
  f.word(cycle, 96, sp(1) + 16);
  f.memory.words(sp(1) + 16, {sp(1) + 16, 0x400200});
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
  static_cast<FakeMemory&>(memory) = f.memory;
  memory.seq = g + f.config.offsets.g_trackingSeq;
  const auto s = GoroutineReader(memory, f.config).read(StackDepth::kAsProbes);
  ASSERT_TRUE(s.has_value());
  EXPECT_EQ(s->counts.unvalidated, 1u);
  EXPECT_TRUE(s->pcs(s->goroutines[0]).empty());
  EXPECT_EQ(s->goroutines[0].status, GStatus::kWaiting);
}

}  // namespace
}  // namespace gorotrace
