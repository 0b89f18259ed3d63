// Channel waits in memory that is as it should be, and in memory that lies.
#include <gmock/gmock.h>

#include "fake_process.h"

namespace gorotrace::testing {
namespace {

constexpr std::uint8_t kReceive = 1, kSend = 2, kSelect = 3, kNilReceive = 4, kNoCases = 9;

const ChannelWait& channel_of(const WaitObject& object) {
  return std::get<ChannelWait>(object.what);
}

TEST(Channels, AReceiverIsProvenByItsSudog) {
  FakeProcess p;
  const std::uint64_t g = p.waiting(kReceive, 0x200000);
  p.sudog(0x200000, g, 0x300000);
  p.channel(0x300000, 0, 7, 0x200000, 0);
  const Waits waits = p.read();
  ASSERT_EQ(waits.goroutines[0].objects.size(), 1u);
  const WaitObject& object = waits.goroutines[0].objects[0];
  EXPECT_EQ(object.certainty, Certainty::kProven);
  const ChannelWait& wait = channel_of(object);
  EXPECT_EQ(wait.channel, 0x300000u);
  EXPECT_EQ(wait.direction, ChannelDirection::kReceive);
  EXPECT_EQ(wait.state->capacity, 7u);
  EXPECT_EQ(wait.receivers, 1u);
  EXPECT_EQ(wait.senders, 0u);
  EXPECT_EQ(waits.proven, 1u);
}

TEST(Channels, ASelectHasItsCasesAndTheQueuesTellTheirDirections) {
  FakeProcess p;
  const std::uint64_t g = p.waiting(kSelect, 0x200000);
  const std::uint64_t other = p.waiting(kSend, 0x202000);
  p.sudog(0x200000, g, 0x300000, 0, 0x201000);
  p.sudog(0x201000, g, 0x301000);
  p.sudog(0x202000, other, 0x301000, 0x201000);
  p.channel(0x300000, 0, 0, 0x200000, 0);
  p.channel(0x301000, 2, 2, 0, 0x202000);
  const Waits waits = p.read();
  ASSERT_EQ(waits.goroutines[0].objects.size(), 2u);
  EXPECT_FALSE(waits.goroutines[0].cut);
  const ChannelWait& first = channel_of(waits.goroutines[0].objects[0]);
  const ChannelWait& second = channel_of(waits.goroutines[0].objects[1]);
  EXPECT_TRUE(first.in_select);
  EXPECT_EQ(first.direction, ChannelDirection::kReceive);
  EXPECT_EQ(first.receivers, 1u);
  EXPECT_EQ(second.direction, ChannelDirection::kSend);
  EXPECT_EQ(second.senders, 2u);
  EXPECT_EQ(second.state->length, 2u);
  EXPECT_EQ(waits.proven, 3u);
}

TEST(Channels, NobodyWakesANilChannel) {
  FakeProcess p;
  p.waiting(kNilReceive, 0);
  p.waiting(kSelect, 0);
  const Waits waits = p.read();
  for (const GoroutineWaits& g : waits.goroutines) {
    ASSERT_EQ(g.objects.size(), 1u);
    EXPECT_EQ(channel_of(g.objects[0]).channel, 0u);
    EXPECT_EQ(g.objects[0].certainty, Certainty::kProven);
    EXPECT_FALSE(channel_of(g.objects[0]).state.has_value());
  }
  EXPECT_EQ(channel_of(waits.goroutines[0].objects[0]).direction, ChannelDirection::kReceive);
  EXPECT_TRUE(channel_of(waits.goroutines[1].objects[0]).in_select);
}

TEST(Channels, ASelectWithoutCasesWaitsForNothingAndIsNoNilChannel) {
  FakeProcess p;
  p.waiting(kNoCases, 0);
  p.waiting(kReceive, 0);
  const Waits waits = p.read();
  EXPECT_TRUE(waits.goroutines[0].objects.empty());
  EXPECT_TRUE(waits.goroutines[0].on_nothing);
  EXPECT_FALSE(waits.goroutines[1].on_nothing);
  EXPECT_EQ(waits.not_found, 1u);  // the receiver's
}

TEST(Channels, AForgedCircleOfCasesEnds) {
  FakeProcess p;
  const std::uint64_t g = p.waiting(kSelect, 0x200000);
  p.sudog(0x200000, g, 0x300000, 0x201000, 0x201000);
  p.sudog(0x201000, g, 0x300000, 0x200000, 0x200000);
  p.channel(0x300000, 0, 0, 0x200000, 0x200000);
  const Waits waits = p.read();
  EXPECT_EQ(waits.goroutines[0].objects.size(), 2u);
  EXPECT_TRUE(waits.goroutines[0].cut);
}

TEST(Channels, AQueueOfStrangersInACircleEnds) {
  FakeProcess p;
  const std::uint64_t g = p.waiting(kSelect, 0x200000);
  p.sudog(0x200000, g, 0x300000);
  p.sudog(0x201000, 0x999000, 0x300000, 0x202000);
  p.sudog(0x202000, 0x999000, 0x300000, 0x201000);
  p.channel(0x300000, 0, 0, 0x201000, 0);
  const Waits waits = p.read();
  ASSERT_EQ(waits.goroutines[0].objects.size(), 1u);
  EXPECT_FALSE(channel_of(waits.goroutines[0].objects[0]).direction.has_value());
  EXPECT_EQ(channel_of(waits.goroutines[0].objects[0]).unknown_direction, 1u);
}

TEST(Channels, ASudogOfAnotherGoroutineIsNotBelieved) {
  FakeProcess p;
  p.waiting(kReceive, 0x200000);
  p.sudog(0x200000, 0x555000, 0x300000);
  p.channel(0x300000, 0, 0, 0x200000, 0);
  const Waits waits = p.read();
  EXPECT_TRUE(waits.goroutines[0].objects.empty());
  EXPECT_EQ(waits.not_found, 1u);
}

TEST(Channels, AChannelThatCannotBeOneHasNoState) {
  FakeProcess p;
  const std::uint64_t g = p.waiting(kReceive, 0x200000), h = p.waiting(kReceive, 0x201000);
  p.sudog(0x200000, g, 0x300000);
  p.channel(0x300000, 8, 7, 0x200000, 0);
  p.sudog(0x201000, h, 0xdead000);  // unmapped
  const Waits waits = p.read();
  for (const GoroutineWaits& w : waits.goroutines) {
    ASSERT_EQ(w.objects.size(), 1u);
    EXPECT_FALSE(channel_of(w.objects[0]).state.has_value());
  }
}

TEST(Channels, AGoroutineThatIsNotWhatTheSnapshotSawShowsNothing) {
  FakeProcess p;
  const std::uint64_t g = p.waiting(kReceive, 0x200000);
  p.sudog(0x200000, g, 0x300000);
  p.channel(0x300000, 0, 0, 0x200000, 0);
  p.snapshot.goroutines[0].goid = 77;
  const Waits waits = p.read();
  EXPECT_TRUE(waits.goroutines[0].moved);
  EXPECT_TRUE(waits.goroutines[0].objects.empty());
  EXPECT_EQ(waits.moved, 1u);
}

TEST(Channels, LooksThatComeTooFarApartProveNothing) {
  FakeProcess p;
  const std::uint64_t g = p.waiting(kReceive, 0x200000);
  p.sudog(0x200000, g, 0x300000);
  p.channel(0x300000, 0, 0, 0x200000, 0);
  p.config.max_between_looks_ns = 0;
  const Waits waits = p.read();
  ASSERT_EQ(waits.goroutines[0].objects.size(), 1u);
  EXPECT_EQ(waits.goroutines[0].objects[0].certainty, Certainty::kLikely);
}

TEST(Channels, ATimersChannelSaysWhenItFires) {
  FakeProcess p;
  const std::uint64_t g = p.waiting(kReceive, 0x200000);
  p.sudog(0x200000, g, 0x300000);
  p.channel(0x300000, 0, 1, 0x200000, 0);
  p.memory.words(0x300000 + 32, {0x400000});
  p.memory.words(0x400000, {0, 0, 123'000, 5});
  const auto timer = [&] { return channel_of(p.read().goroutines[0].objects[0]).timer.value(); };
  EXPECT_EQ(timer().state, TimerState::kPending);
  EXPECT_EQ(timer().when_ns, 123'000);
  EXPECT_EQ(timer().period_ns, 5);
  p.memory.of = TargetClock(23'000);  // of a time namespace
  EXPECT_EQ(timer().state, TimerState::kPending);
  EXPECT_EQ(timer().when_ns, 100'000);
  EXPECT_EQ(timer().period_ns, 5);
  p.memory.of = TargetClock(std::nullopt);  // pending, and nobody can say until when
  EXPECT_EQ(timer().state, TimerState::kPending);
  EXPECT_EQ(timer().when_ns, std::nullopt);
  p.memory.words(0x400008, {1ull << 24});  // isFake
  EXPECT_EQ(timer().state, TimerState::kBubbleTime);
  EXPECT_EQ(timer().when_ns, std::nullopt);
}

TEST(Channels, ATimerThatCannotFireIsSaidToBeOne) {
  FakeProcess p;
  const std::uint64_t g = p.waiting(kReceive, 0x200000);
  p.sudog(0x200000, g, 0x300000);
  p.channel(0x300000, 0, 1, 0x200000, 0);
  p.memory.words(0x300000 + 32, {0x400000});
  const auto timer = [&] { return channel_of(p.read().goroutines[0].objects[0]).timer.value(); };
  EXPECT_EQ(timer().state, TimerState::kUnknown);  // unmapped
  p.memory.words(0x400000, {0, 0, 0, 0});
  EXPECT_EQ(timer().state, TimerState::kFiredOrStopped);
  EXPECT_EQ(timer().when_ns, std::nullopt);
  p.memory.words(0x400010, {~0ull});
  EXPECT_EQ(timer().state, TimerState::kUnknown);
}

TEST(Channels, AProcessThatEndsIsAnError) {
  FakeProcess p;
  p.waiting(kReceive, 0x200000);
  p.memory.gone = true;
  const auto waits = WaitReader(p.memory, nullptr, p.config).read(p.snapshot);
  ASSERT_FALSE(waits);
  EXPECT_EQ(waits.error().kind, ErrorKind::kNoProcess);
}

}  // namespace
}  // namespace gorotrace::testing
