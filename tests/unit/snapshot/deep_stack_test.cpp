// Stacks that a probe's copy does not hold, where the whole of one can be read between two looks and where it
// cannot.
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "bpf/shared/abi.h"
#include "forged_runtime.h"

namespace gorotrace::testing {
namespace {

constexpr std::uint64_t kFrames = 200, kFrame = 64, kGoid = 1;
constexpr auto kLimit = std::chrono::milliseconds(20);

// `kFrames` return addresses above sched.pc, the last into goexit.
struct DeepRuntime : ForgedRuntime {
  DeepRuntime() {
    config.outermost = [](std::uint64_t pc) { return TextRange{0x400f00, 0x400f10}.holds(pc); };
    config.max_between_looks_ns = std::chrono::nanoseconds(kLimit).count();
    const std::uint64_t g = add(kGoid), sp = sp_of(kGoid);
    memory.map(sp, kFrames * kFrame + 128);
    for (std::uint64_t i = 0; i < kFrames; ++i) {
      const std::uint64_t at = sp + 16 + i * kFrame;
      const bool last = i + 1 == kFrames;
      memory.words(at, {last ? 0 : at + kFrame, last ? 0x400f01 : 0x400200 + i});
    }
    word(g, config.offsets.g_stack_hi, sp + kFrames * kFrame + 64);
  }
};

// Of which more than a probe's copy takes longer to read than two looks may lie apart.
struct SlowMemory : Memory {
  explicit SlowMemory(const Memory& memory) : of(memory) {}
  const Memory& of;
  mutable int slow = 0;
  [[nodiscard]] bool read(std::uint64_t address, std::span<std::uint8_t> out) const override {
    return of.read(address, out);
  }
  [[nodiscard]] bool read_many(std::span<const Range> ranges, std::vector<bool>& failed) const override {
    for (const Range& range : ranges) {
      if (range.out.size() <= 2 * GT_STACK_WINDOW) continue;
      ++slow;
      std::this_thread::sleep_for(kLimit);
    }
    return of.read_many(ranges, failed);
  }
};

void expect_all_frames(const Snapshot& s) {
  ASSERT_EQ(s.goroutines.size(), 1u);
  const auto stack = s.stacks[s.goroutines[0].stack];
  ASSERT_EQ(stack.pcs.size(), kFrames + 1);
  EXPECT_EQ(stack.pcs[1], 0x400200u);
  EXPECT_EQ(stack.pcs[kFrames], 0x400f01u);
  EXPECT_EQ(stack.gap.calls, 0u);
  EXPECT_FALSE(s.goroutines[0].truncated);
}

TEST(DeepStack, isProvenWhereAllOfItIsReadBetweenTwoLooks) {
  DeepRuntime f;
  const auto s = GoroutineReader(f.memory, f.config).read(StackDepth::kWhole);
  ASSERT_TRUE(s.has_value());
  expect_all_frames(*s);
  EXPECT_FALSE(s->goroutines[0].unproven);
}

TEST(DeepStack, isReadOnFromWhereItWasCutWhereThatTakesTooLong) {
  DeepRuntime f;
  const SlowMemory memory(f.memory);
  const auto s = GoroutineReader(memory, f.config).read(StackDepth::kWhole);
  ASSERT_TRUE(s.has_value());
  EXPECT_GT(memory.slow, 0);
  expect_all_frames(*s);
  EXPECT_TRUE(s->goroutines[0].unproven);
}

}  // namespace
}  // namespace gorotrace::testing
