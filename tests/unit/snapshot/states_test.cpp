// Every state of runtime/runtime2.go, with and without the collector's hand on it: who lives, and who has a
// stack that stands still.
#include <gtest/gtest.h>

#include <array>

#include "forged_runtime.h"

namespace gorotrace {
namespace {

struct Expected {
  GStatus status;
  bool alive, stack;
};
constexpr std::array kForgedStates{
    Expected{GStatus::kIdle, false, false},     Expected{GStatus::kRunnable, true, true},
    Expected{GStatus::kRunning, true, false},   Expected{GStatus::kSyscall, true, true},
    Expected{GStatus::kWaiting, true, true},    Expected{GStatus::kDead, false, false},
    Expected{GStatus::kCopystack, true, false}, Expected{GStatus::kPreempted, true, true},
    Expected{GStatus::kLeaked, true, true},     Expected{GStatus::kDeadExtra, false, false}};

class States : public ::testing::TestWithParam<Expected> {};

TEST_P(States, WhoLivesAndWhoHasAStack) {
  const Expected expected = GetParam();
  for (const std::uint32_t scan : {0u, kGScanBit}) {
    testing::ForgedRuntime f;
    const RuntimeOffsets& o = f.config.offsets;
    const std::uint64_t g = f.add(1), sp = testing::ForgedRuntime::sp_of(1);
    f.word(g, o.g_atomicstatus, static_cast<std::uint32_t>(expected.status) | scan);
    f.word(g, o.g_syscallsp, sp);
    f.word(g, o.g_syscallpc, 0x400100);
    f.word(g, o.g_syscallbp, sp + 16);
    const auto s = GoroutineReader(f.memory, f.config).read(StackDepth::kAsProbes);
    ASSERT_TRUE(s.has_value()) << s.error().message;
    EXPECT_EQ(s->counts.alive, expected.alive ? 1u : 0u);
    ASSERT_EQ(s->goroutines.size(), s->counts.alive);
    EXPECT_EQ(s->counts.stacks, expected.stack ? 1u : 0u);
    EXPECT_EQ(s->counts.running, expected.alive && !expected.stack ? 1u : 0u);
    if (!expected.alive) continue;
    EXPECT_EQ(s->goroutines[0].status, expected.status);
    EXPECT_EQ(s->goroutines[0].scan, scan != 0);
    EXPECT_EQ(s->pcs(s->goroutines[0]).size(), expected.stack ? 2u : 0u);
  }
}
INSTANTIATE_TEST_SUITE_P(All, States, ::testing::ValuesIn(kForgedStates), [](const auto& state) {
  return std::to_string(static_cast<int>(state.param.status));
});

}  // namespace
}  // namespace gorotrace
