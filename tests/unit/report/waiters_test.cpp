#include "report/waiters_report.h"

#include <gmock/gmock.h>

#include "dump_fixture.h"
#include "report/wait_text.h"

namespace gorotrace {
namespace {

using report_test::FakeDump;
using ::testing::HasSubstr;
using ::testing::Not;

WaitObject on_channel(std::uint64_t channel) {
  ChannelWait wait;
  wait.channel = channel;
  wait.receivers = 1;
  return {Certainty::kProven, "g.waiting", wait};
}

std::string text_of(FakeDump& fake, std::size_t limit = 0) {
  fake.dump.waits.goroutines.resize(fake.dump.snapshot.goroutines.size());
  StackTable symbols = fake.symbols();
  const DumpView view(fake.dump, symbols);
  const Selection all = select(view, {});
  return waiters_text(view, all, waiters(view, all), {.limit = limit, .width = 200});
}

TEST(WaitersText, StacksThatLookTheSameAreOneLine) {
  FakeDump fake;
  const std::uint64_t a = fake.function("net.a"), b = fake.function("net.b"),
                      user = fake.function("main.serve", "/src/main.go", 79),
                      other = fake.function("main.other", "/src/main.go", 80);
  fake.goroutine(1, {a, user});
  fake.goroutine(2, {b, user});
  fake.goroutine(3, {a, b, user});
  fake.goroutine(4, {other});
  fake.dump.waits.goroutines.resize(4);
  for (GoroutineWaits& w : fake.dump.waits.goroutines) w.objects = {on_channel(0xc000)};
  const std::string text = text_of(fake);
  EXPECT_THAT(text, HasSubstr("      4  channel 0xc000"));
  EXPECT_THAT(text, HasSubstr("               3x  main.serve  main.go:79  goroutines 1, 2, 3\n"
                              "               1x  main.other  main.go:80  goroutine 4\n"));
}

TEST(WaitersText, ManyGoroutinesOfALineAreNotNumbered) {
  FakeDump fake;
  const std::uint64_t f = fake.function("main.f", "/src/main.go", 79);
  for (std::uint64_t goid = 1; goid <= 5; ++goid) fake.goroutine(goid, {f});
  fake.dump.waits.goroutines.resize(5);
  for (GoroutineWaits& w : fake.dump.waits.goroutines) w.objects = {on_channel(0xc000)};
  EXPECT_THAT(text_of(fake), HasSubstr("               5x  main.f  main.go:79\n"));
}

WaitObject on_mutex(std::uint64_t address, std::vector<std::uint64_t> holders, std::uint32_t candidates) {
  SemaphoreWait wait;
  wait.kind = SyncKind::kMutex;
  wait.object = address;
  wait.state = MutexState{.locked = true, .waiters = 1};
  wait.likely_holders = std::move(holders);
  wait.holder_candidates = candidates;
  return {Certainty::kProven, "semtable", wait};
}

TEST(WaitersText, ALockInACircleCanBeFollowed) {
  FakeDump fake;
  const std::uint64_t lock = fake.function("sync.(*Mutex).lockSlow"),
                      transfer = fake.function("main.transfer", "/src/transfer.go", 31);
  fake.goroutine(8, {lock, transfer});
  fake.goroutine(9, {lock, transfer});
  fake.goroutine(10, {}).status = GStatus::kRunning;
  fake.dump.waits.goroutines.resize(3);
  fake.dump.waits.goroutines[0].objects = {on_mutex(0xc0, {9, 10, 77, 78}, 6)};
  fake.dump.waits.goroutines[1].objects = {on_mutex(0xd0, {8}, 1)};
  const std::string text = text_of(fake);
  EXPECT_THAT(text, HasSubstr("sync.Mutex 0xd0  locked, 1 waiter in its state  likely held by goroutine 8 in "
                              "main.transfer transfer.go:31\n"
                              "               1x  main.transfer  transfer.go:31  goroutine 9\n"));
  EXPECT_THAT(text, HasSubstr("likely held by goroutine 9 in main.transfer transfer.go:31 or goroutine 10 "
                              "(running) or goroutine 77 or 3 others\n"));
  std::get<SemaphoreWait>(fake.dump.waits.goroutines[0].objects[0].what).deferred_holders = 1;
  EXPECT_THAT(text_of(fake),
              HasSubstr("likely held by goroutine 9 in main.transfer transfer.go:31, less likely "
                        "by goroutine 10 (running) or goroutine 77 or 3 others\n"));
}

TEST(WaitersText, AGoroutineInASelectIsOne) {
  FakeDump fake;
  const std::uint64_t f = fake.function("main.f", "/src/main.go", 1);
  for (std::uint64_t goid = 1; goid <= 6; ++goid) fake.goroutine(goid, {f});
  fake.dump.waits.goroutines.resize(6);
  for (std::uint64_t i = 0; i < 6; ++i) {
    for (std::uint64_t k = 0; k < 3; ++k) {
      WaitObject one = on_channel(0xc000 + i * 3 + k);
      std::get<ChannelWait>(one.what).in_select = true;
      fake.dump.waits.goroutines[i].objects.push_back(one);
    }
  }
  const std::string text = text_of(fake);
  EXPECT_THAT(text,
              HasSubstr("      6  on 18 objects that look alike, the one with the most: channel 0xc000  1 "
                        "receiver, 0 senders  in a select\n"
                        "               6x  main.f  main.go:1\n"));
  EXPECT_THAT(text, HasSubstr("waits on each of its channels"));
}

TEST(WaitersText, ManyObjectsThatLookAlikeAreOneRow) {
  FakeDump fake;
  const std::uint64_t f = fake.function("main.f", "/src/main.go", 1),
                      g = fake.function("main.g", "/src/main.go", 2);
  for (std::uint64_t goid = 1; goid <= 21; ++goid) fake.goroutine(goid, {goid == 21 ? g : f});
  fake.dump.waits.goroutines.resize(21);
  for (std::uint64_t i = 0; i < 21; ++i) fake.dump.waits.goroutines[i].objects = {on_channel(0xc000 + i / 2)};
  fake.dump.snapshot.goroutines[7].waited_at_ns = fake.dump.snapshot.goroutines[7].read_at_ns - 5'000'000'000;
  const std::string text = text_of(fake);
  EXPECT_THAT(text, HasSubstr("WAITERS  OBJECT  2 of 2"));
  EXPECT_THAT(text,
              HasSubstr("     20  on 10 objects that look alike, the one with the most: channel 0xc000"));
  EXPECT_THAT(text, HasSubstr("; the longest wait, 5.00s or more: 0xc003"));
  EXPECT_THAT(text, HasSubstr("              20x  main.f  main.go:1\n"));
  EXPECT_THAT(text, HasSubstr("      1  channel 0xc00a"));
}

TEST(WaitersText, WhoStandsInNoRowIsCountedByTheReason) {
  FakeDump fake;
  fake.dump.wait_reasons.push_back("select (no cases)");
  const std::uint64_t f = fake.function("main.f");
  for (std::uint64_t goid = 1; goid <= 5; ++goid) fake.goroutine(goid, {f});
  fake.dump.snapshot.goroutines[0].wait_reason = fake.dump.snapshot.goroutines[1].wait_reason = 4;
  fake.dump.waits.goroutines.resize(5);
  fake.dump.waits.goroutines[0].on_nothing = fake.dump.waits.goroutines[1].on_nothing = true;
  fake.dump.waits.goroutines[2].moved = true;
  const std::string text = text_of(fake);
  EXPECT_THAT(text, HasSubstr("      2  select (no cases): waits for no object\n"
                              "      1  not established: moved while they were read\n"
                              "      2  not established: nothing in memory names the object\n"));
  EXPECT_THAT(text, Not(HasSubstr("nil channel")));
  EXPECT_THAT(text, Not(HasSubstr("select waits on each"))) << "nobody is in one";
}

std::string rwmutex(RWMutexState state) {
  SemaphoreWait wait;
  wait.kind = SyncKind::kRWMutexWrite;
  wait.object = 0xc0;
  wait.state = state;
  return wait_text({Certainty::kProven, "semtable", wait});
}

TEST(WaitText, ReadersThatWaitDoNotHoldAnRWMutex) {
  EXPECT_EQ(rwmutex({.writers = {}, .readers = 1}), "sync.RWMutex 0xc0  held by 1 reader");
  EXPECT_EQ(rwmutex({.writers = {}, .readers = 5, .departing = 2, .writer_pending = true}),
            "sync.RWMutex 0xc0  held by 2 readers, a writer waits for them, 3 readers wait");
  EXPECT_EQ(rwmutex({.writers = {.locked = true, .waiters = 1}, .readers = 1, .writer_pending = true}),
            "sync.RWMutex 0xc0  held by a writer, 1 reader waits, 1 more writer waits");
  EXPECT_EQ(rwmutex({}), "sync.RWMutex 0xc0  held by nobody");
  EXPECT_EQ(rwmutex({.writers = {}, .readers = 1, .departing = 2, .writer_pending = true}),
            "sync.RWMutex 0xc0  changing hands");
}

TEST(WaitText, ATimersChannelSaysWhatMayStillComeOfIt) {
  const auto text = [](TimerState state, std::int64_t period) {
    ChannelWait wait;
    wait.channel = 0xc0;
    wait.timer = ChannelWait::Timer{state, std::nullopt, period};
    return wait_text({Certainty::kProven, "g.waiting", wait});
  };
  EXPECT_THAT(text(TimerState::kPending, 5), HasSubstr("  of a ticker"));
  EXPECT_THAT(text(TimerState::kFiredOrStopped, 0), HasSubstr("  of a timer that fired or was stopped"));
  EXPECT_THAT(text(TimerState::kFiredOrStopped, 5), HasSubstr("  of a ticker that was stopped"));
  EXPECT_THAT(text(TimerState::kBubbleTime, 0), HasSubstr("  of a timer in a synctest bubble"));
}

TEST(WaitText, AOnceIsNoMutex) {
  SemaphoreWait wait;
  wait.kind = SyncKind::kOnce;
  wait.object = 0xc0;
  wait.state = MutexState{.locked = true, .waiters = 2};
  EXPECT_EQ(wait_text({Certainty::kProven, "semtable", wait}),
            "sync.Once 0xc0  locked, 2 waiters in its state");
}

}  // namespace
}  // namespace gorotrace
