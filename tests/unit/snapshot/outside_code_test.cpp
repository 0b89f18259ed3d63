// Stacks with code on them that is not the program's own.
#include <gmock/gmock.h>

#include "forged_runtime.h"

namespace gorotrace::testing {
namespace {

using ::testing::ElementsAre;

constexpr std::uint64_t kPlugin = 0x900000, kMade = 0xa00000, kGoexitPc = 0x400f01;

struct WithOthers : ForgedRuntime {
  int asked = 0;
  WithOthers() {
    config.outermost = [](std::uint64_t pc) { return TextRange{0x400f00, 0x400f10}.holds(pc); };
    config.other_code = [this] {
      ++asked;
      return std::vector<CodeRange>{{{kMade, kMade + 0x1000}, CodeKind::kMemory},
                                    {{kPlugin, kPlugin + 0x1000}, CodeKind::kFile}};
    };
  }
  // Return addresses above sched.pc, each in a frame of 16 bytes.
  std::uint64_t standing(std::uint64_t goid, const std::vector<std::uint64_t>& callers) {
    const std::uint64_t g = add(goid);
    std::uint64_t at = sp_of(goid) + 16;
    for (std::size_t i = 0; i < callers.size(); ++i, at += 16)
      memory.words(at, {i + 1 < callers.size() ? at + 16 : 0, callers[i]});
    return g;
  }
  Snapshot whole() { return GoroutineReader(memory, config).read(StackDepth::kWhole).value(); }
};

std::vector<std::uint64_t> pcs(const Snapshot& s, std::size_t i) {
  const auto found = s.pcs(s.goroutines.at(i));
  return {found.begin(), found.end()};
}

TEST(OutsideCode, APluginsFramesAreFramesWhereTheyLeadToTheOutermost) {
  WithOthers p;
  p.standing(1, {0x400200, kPlugin + 8, 0x400300, kGoexitPc});
  const Snapshot s = p.whole();
  EXPECT_THAT(pcs(s, 0), ElementsAre(0x400100, 0x400200, kPlugin + 8, 0x400300, kGoexitPc));
  EXPECT_FALSE(s.goroutines[0].truncated);
  EXPECT_FALSE(s.goroutines[0].ends_outside);
  EXPECT_EQ(s.counts.unvalidated, 0u);
  EXPECT_EQ(s.counts.end_outside, 0u);
  EXPECT_EQ(p.asked, 1);
}

TEST(OutsideCode, APluginsFramesThatLeadNowhereEndTheStackAtThem) {
  WithOthers p;
  p.standing(1, {0x400200, kPlugin + 8, 0x400300});
  const Snapshot s = p.whole();
  EXPECT_THAT(pcs(s, 0), ElementsAre(0x400100, 0x400200, kPlugin + 8));
  EXPECT_TRUE(s.goroutines[0].truncated);
  EXPECT_TRUE(s.goroutines[0].ends_outside);
}

TEST(OutsideCode, CodeMadeAtRunTimeEndsTheStackSinceItNeedNotKeepFramePointers) {
  WithOthers p;
  p.standing(1, {0x400200, kMade + 8, 0x400300, kGoexitPc});
  p.standing(2, {0x400200, kMade + 8, 0xbad});  // the register held something else
  const Snapshot s = p.whole();
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_THAT(pcs(s, i), ElementsAre(0x400100, 0x400200, kMade + 8));
    EXPECT_TRUE(s.goroutines[i].truncated);
    EXPECT_TRUE(s.goroutines[i].ends_outside);
  }
  EXPECT_EQ(s.counts.unvalidated, 0u);
  EXPECT_EQ(s.counts.end_outside, 2u);
}

TEST(OutsideCode, WhatIsNoCodeAnywhereIsNoStack) {
  WithOthers p;
  p.standing(1, {0x400200, kPlugin + 0x1000, kGoexitPc});
  const Snapshot s = p.whole();
  EXPECT_TRUE(pcs(s, 0).empty());
  EXPECT_EQ(s.counts.unvalidated, 1u);
}

TEST(OutsideCode, AProgramWithoutAnyIsNotAsked) {
  WithOthers p;
  p.standing(1, {0x400200, kGoexitPc});
  EXPECT_EQ(pcs(p.whole(), 0).size(), 3u);
  EXPECT_EQ(p.asked, 0);
}

TEST(OutsideCode, OffsetsHoldForAGoroutineThatStandsStillInAPlugin) {
  WithOthers p;
  for (std::uint64_t goid = 1; goid <= 3; ++goid) p.add(goid);
  p.word(p.array[2], p.config.offsets.g_waitreason, 3);
  p.word(p.array[1], p.config.offsets.g_sched_pc, kPlugin + 8);
  EXPECT_TRUE(GoroutineReader(p.memory, p.config).check_offsets());
  p.word(p.array[1], p.config.offsets.g_sched_pc, kPlugin + 0x1000);
  const auto refused = GoroutineReader(p.memory, p.config).check_offsets();
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, ::testing::HasSubstr("runtime.g.sched.pc"));
}

}  // namespace
}  // namespace gorotrace::testing
