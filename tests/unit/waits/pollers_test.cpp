// IO waits and sleeps in fake memory: what is believed and what is not.
#include <gmock/gmock.h>

#include "fake_process.h"

namespace gorotrace::testing {
namespace {

constexpr std::uint8_t kSleep = 5, kIo = 7;
constexpr std::uint64_t kPd = 0x300000, kSlot = 0x7001840;

class Polled : public FakeProcess {
 public:
  Polled() {
    RuntimeOffsets& o = config.offsets;
    o.pollDesc_fd = 8, o.pollDesc_rg = 24, o.pollDesc_wg = 32, o.pollDesc_rd = 48, o.pollDesc_wd = 56;
    o.pollDesc_self = 64;
    memory.map(0x7001000, 4096);
    g = waiting(kIo, 0);
    memory.words(kPd, {0, 5, 0, g, 0, 0, 777, 0, kPd});
    memory.words(kSlot, {kPd});
  }
  std::uint64_t g = 0;
};

TEST(Pollers, ThePollDescPointsBack) {
  Polled p;
  const Waits waits = p.read();
  const auto& wait = std::get<IoWait>(waits.goroutines[0].objects.at(0).what);
  EXPECT_EQ(wait.fd, 5);
  EXPECT_EQ(wait.direction, IoDirection::kRead);
  EXPECT_EQ(wait.deadline_ns, 777);
  EXPECT_EQ(wait.file->kind, FileDescription::Kind::kUnknown);  // no /proc here
  EXPECT_EQ(waits.goroutines[0].objects[0].certainty, Certainty::kProven);
}

TEST(Pollers, TheDeadlineIsTakenFromTheTargetsClockToOurs) {
  Polled p;
  p.memory.of = TargetClock(-1000);
  EXPECT_EQ(std::get<IoWait>(p.read().goroutines[0].objects.at(0).what).deadline_ns, 1777);
}

TEST(Pollers, TheNextGoroutineIsLookedForInTheSameSlot) {
  Polled p;
  const std::uint64_t second = p.waiting(kIo, 0);
  // Its stack: a copy with another pollDesc.
  p.memory.words(second, {0x9000000, 0x9002000});
  p.memory.words(second + 56, {0x9001800, 0x401000});
  p.memory.map(0x9001000, 4096);
  p.memory.words(0x9001840, {0x301000});
  p.memory.words(0x301000, {0, 6, 0, 0, second, 0, 0, -1ull, 0x301000});
  const auto waits = p.read();
  const auto& wait = std::get<IoWait>(waits.goroutines[1].objects.at(0).what);
  EXPECT_EQ(wait.fd, 6);
  EXPECT_EQ(wait.direction, IoDirection::kWrite);
  EXPECT_FALSE(wait.deadline_ns.has_value());  // -1: expired
}

TEST(Pollers, NothingElseIsBelieved) {
  const auto none = [](Polled& p) { return p.read().goroutines[0].objects.empty(); };
  {
    Polled p;
    p.memory.words(kPd + 64, {kPd + 8});  // not itself
    EXPECT_TRUE(none(p));
  }
  {
    Polled p;
    p.memory.words(kPd + 24, {0x4711000});  // another goroutine waits there
    EXPECT_TRUE(none(p));
  }
  {
    Polled p;
    p.memory.words(kPd + 32, {p.g});  // both ways at once
    EXPECT_TRUE(none(p));
  }
  {
    Polled p;
    p.memory.words(kPd + 8, {1ull << 40});  // no descriptor
    EXPECT_TRUE(none(p));
  }
  {
    Polled p;  // forged in the goroutine's own stack
    p.memory.words(0x7001900, {0, 5, 0, p.g, 0, 0, 777, 0, 0x7001900});
    p.memory.words(kSlot, {0x7001900});
    EXPECT_TRUE(none(p));
  }
}

TEST(Sleeps, TheWordInGIsTheDeadline) {
  FakeProcess p;
  const std::uint64_t g = p.waiting(kSleep, 0);
  p.memory.words(g + p.config.offsets.g_sleepWhen, {123456});
  p.memory.map(0x400000, 64);
  p.memory.words(g + p.config.offsets.g_timer, {0x400000});
  EXPECT_EQ(std::get<SleepWait>(p.read().goroutines[0].objects.at(0).what).deadline_ns, 123456);
  p.memory.of = TargetClock(456);  // of a time namespace
  EXPECT_EQ(std::get<SleepWait>(p.read().goroutines[0].objects.at(0).what).deadline_ns, 123000);
  // In a synctest bubble it is no time of ours.
  p.memory.words(0x400008, {1ull << 24});
  EXPECT_TRUE(p.read().goroutines[0].objects.empty());
}

TEST(Sleeps, BeforeThatWordTheTimerMustNameTheGoroutine) {
  FakeProcess p;
  p.config.offsets.g_sleepWhen = p.config.offsets.timer_isFake = kAbsent;
  p.config.offsets.timer_nextwhen = 56, p.config.offsets.timer_arg = 32;
  const std::uint64_t g = p.waiting(kSleep, 0);
  p.memory.words(g + p.config.offsets.g_timer, {0x400000});
  p.memory.map(0x400000, 72);
  p.memory.words(0x400028, {g});
  p.memory.words(0x400038, {99});
  EXPECT_EQ(std::get<SleepWait>(p.read().goroutines[0].objects.at(0).what).deadline_ns, 99);
  p.memory.of = TargetClock(-1);
  EXPECT_EQ(std::get<SleepWait>(p.read().goroutines[0].objects.at(0).what).deadline_ns, 100);
  p.memory.words(0x400028, {g + 8});
  EXPECT_TRUE(p.read().goroutines[0].objects.empty());
}

}  // namespace
}  // namespace gorotrace::testing
