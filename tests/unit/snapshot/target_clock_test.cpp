// Times that a target of another time namespace keeps, as a snapshot shows them.
#include <gtest/gtest.h>

#include "base/clock.h"
#include "forged_runtime.h"
#include "process/stoppable_memory.h"

namespace gorotrace {
namespace {

struct Dated : testing::ForgedRuntime {
  Dated() {
    config.offsets.g_waitsince = 168, config.offsets.g_sleepWhen = 360;
    g = add(1);
  }
  GoroutineSnapshot read() {
    const auto s = GoroutineReader(memory, config).read(StackDepth::kNoStacks);
    EXPECT_TRUE(s.has_value());
    return s->goroutines.at(0);
  }
  std::uint64_t g = 0;
};

TEST(TargetsClock, TimesAreTakenToOurs) {
  Dated d;
  d.memory.of = TargetClock(1000);
  d.word(d.g, d.config.offsets.g_waitsince, 5000);
  d.word(d.g, d.config.offsets.g_sleepWhen, 7000);
  EXPECT_EQ(d.read().wait_since_ns, 4000u);
  EXPECT_EQ(d.read().sleep_when, 6000u);
}

TEST(TargetsClock, IsThatOfTheMemoryBehindAStop) {
  Dated d;
  d.memory.of = TargetClock(1000);
  EXPECT_EQ(StoppableMemory(d.memory, {}).clock().offset_ns(), 1000);
}

TEST(TargetsClock, NoTimeStaysNone) {
  Dated d;
  d.memory.of = TargetClock(-1000);
  EXPECT_EQ(d.read().wait_since_ns, 0u);
  d.memory.of = TargetClock(std::nullopt);  // not known
  d.word(d.g, d.config.offsets.g_waitsince, 5000);
  EXPECT_EQ(d.read().wait_since_ns, 0u);
}

}  // namespace
}  // namespace gorotrace
