// Semaphore waits, and semtables, notifyLists and mutexes that lie.
#include <gmock/gmock.h>

#include "fake_process.h"
#include "waits/moved.h"

namespace gorotrace::testing {
namespace {

using ::testing::ElementsAre;

constexpr std::uint8_t kCond = 6, kMutex = 8, kSemacquire = 10;
constexpr std::uint64_t kMutexAt = 0x600000, kSemaAt = kMutexAt + 4;

// Up to Go 1.25: who waits is in the semtable only.
class OldProcess : public FakeProcess {
 public:
  OldProcess() {
    RuntimeOffsets& o = config.offsets;
    o.sudog_elem_vu = o.sudog_c_vu = kAbsent;
    o.semaRoot_treap = 8;
    o.notifyList_wait = 0, o.notifyList_notify = 4, o.notifyList_head = 16;
    config.semtable_address = kTable;
    memory.map(kTable, 251 * 64);
    memory.map(kMutexAt, 24);
    memory.words(kMutexAt, {1});  // locked
    memory.map(kStack, 4096);
  }
  void root(std::uint64_t semaphore, std::uint64_t sudog) {
    memory.words(kTable + (semaphore >> 3) % 251 * 64 + 8, {sudog});
  }
  // A notifyList in its sync.Cond, whose checker points to itself.
  void list(std::uint64_t at, std::uint32_t wait, std::uint32_t notify, std::uint64_t head,
            std::uint64_t tail) {
    memory.map(at, 48);
    memory.words(at, {wait | std::uint64_t{notify} << 32, 0, head, tail, at + 32});
  }
  static constexpr std::uint64_t kTable = 0x500000, kStack = 0x7001000;
};

const SemaphoreWait& semaphore_of(const Waits& waits, std::size_t i) {
  return std::get<SemaphoreWait>(waits.goroutines.at(i).objects.at(0).what);
}

TEST(Semaphores, TheTreapAndItsListsGiveEveryWaiter) {
  OldProcess p;
  for (int i = 0; i < 4; ++i) p.waiting(kMutex, 0);
  const auto g = [&](std::size_t i) { return p.snapshot.goroutines[i].g; };
  // Two addresses with one hash: a root, its child, and two more that wait for the same as the root.
  const std::uint64_t other = kSemaAt + 8 * 251;
  p.sudog(0x200000, g(0), 0, /*next=*/0x203000, /*waitlink=*/0x201000, kSemaAt);
  p.sudog(0x201000, g(1), 0, 0, 0x202000, kSemaAt);
  p.sudog(0x202000, g(2), 0, 0, 0, kSemaAt);
  p.sudog(0x203000, g(3), 0, 0, 0, other);
  p.root(kSemaAt, 0x200000);
  const std::uint32_t state = 5 << 3 | 1 | 4;
  p.memory.put(kMutexAt, &state, sizeof state);
  const Waits waits = p.read();
  EXPECT_TRUE(waits.semaphores_complete);
  for (std::size_t i = 0; i < 3; ++i) {
    const SemaphoreWait& wait = semaphore_of(waits, i);
    EXPECT_EQ(wait.kind, SyncKind::kMutex);
    EXPECT_EQ(wait.object, kMutexAt);
    EXPECT_EQ(wait.waiters, 3u);
    const auto& mutex = std::get<MutexState>(wait.state);
    EXPECT_TRUE(mutex.locked && mutex.starving && !mutex.woken);
    EXPECT_EQ(mutex.waiters, 5u);
    EXPECT_EQ(waits.goroutines[i].objects[0].certainty, Certainty::kProven);
    EXPECT_STREQ(waits.goroutines[i].objects[0].known_by, "semtable");
  }
  EXPECT_EQ(semaphore_of(waits, 3).object, other - 4);
  EXPECT_TRUE(std::holds_alternative<std::monostate>(semaphore_of(waits, 3).state));  // unmapped
}

TEST(Semaphores, CirclesInTheSemtableEndAndAreTold) {
  OldProcess p;
  const std::uint64_t g = p.waiting(kMutex, 0);
  p.sudog(0x200000, g, 0, 0x201000, 0x201000, kSemaAt);
  p.sudog(0x201000, 0x999000, 0, 0x200000, 0x200000, kSemaAt);
  p.root(kSemaAt, 0x200000);
  const Waits waits = p.read();
  EXPECT_FALSE(waits.semaphores_complete);
  EXPECT_EQ(semaphore_of(waits, 0).semaphore, kSemaAt);
}

TEST(Semaphores, AnEndlessListIsCutAtTheNumberOfGoroutines) {
  OldProcess p;
  p.waiting(kMutex, 0);
  constexpr std::uint64_t kMany = 6'000, kFirst = 0x10000000;
  for (std::uint64_t i = 0; i < kMany; ++i) {
    p.sudog(kFirst + i * 128, 0x999000 + i * 8, 0, 0, kFirst + (i + 1) * 128, kSemaAt);
  }
  p.root(kSemaAt, kFirst);
  const Waits waits = p.read();
  EXPECT_FALSE(waits.semaphores_complete);
  EXPECT_EQ(waits.not_found, 1u);
}

TEST(Semaphores, AnAddressUnderAnotherHashIsNotBelieved) {
  OldProcess p;
  const std::uint64_t g = p.waiting(kMutex, 0);
  p.sudog(0x200000, g, 0, 0, 0, kSemaAt);
  p.root(kSemaAt + 8, 0x200000);
  const Waits waits = p.read();
  EXPECT_FALSE(waits.semaphores_complete);
  EXPECT_TRUE(waits.goroutines[0].objects.empty());
}

TEST(Semaphores, WithoutTheTableNothingIsFoundAndThatIsSaid) {
  OldProcess p;
  p.waiting(kMutex, 0);
  p.config.semtable_address = 0;
  const Waits waits = p.read();
  EXPECT_FALSE(waits.semaphores_complete);
  EXPECT_EQ(waits.not_found, 1u);
}

TEST(Semaphores, APlainSemaphoreIsItsOwnObject) {
  FakeProcess p;
  const std::uint64_t g = p.waiting(kSemacquire, 0x200000);
  p.sudog(0x200000, g, 0, 0, 0, kSemaAt);
  const Waits waits = p.read();
  EXPECT_EQ(semaphore_of(waits, 0).kind, SyncKind::kSemaphore);
  EXPECT_EQ(semaphore_of(waits, 0).object, kSemaAt);
  EXPECT_STREQ(waits.goroutines[0].objects[0].known_by, "g.waiting");
}

TEST(Semaphores, WhoHasTheAddressOnItsStackIsALikelyHolder) {
  OldProcess p;
  const std::uint64_t g = p.waiting(kMutex, 0);
  p.sudog(0x200000, g, 0, 0, 0, kSemaAt);
  p.root(kSemaAt, 0x200000);
  p.waiting(1, 0);
  p.waiting(1, 0);
  p.memory.words(0x7001900, {kMutexAt});  // the three share a stack here
  EXPECT_THAT(semaphore_of(p.read(), 0).likely_holders, ElementsAre(2, 3));
  EXPECT_EQ(semaphore_of(p.read(), 0).holder_search, HolderSearchEnd::kDone);
  p.config.find = WaitReader::Find::kObjects;
  EXPECT_THAT(semaphore_of(p.read(), 0).likely_holders, ElementsAre());
  EXPECT_EQ(semaphore_of(p.read(), 0).holder_search, HolderSearchEnd::kNotLookedFor);
}

TEST(Semaphores, WhoBeganToWaitForItSinceTheSnapshotDoesNotHoldIt) {
  OldProcess p;
  const std::uint64_t g = p.waiting(kMutex, 0), h = p.waiting(kMutex, 0);
  p.waiting(1, 0);
  p.sudog(0x200000, g, 0, 0, 0x201000, kSemaAt);
  p.sudog(0x201000, h, 0, 0, 0, kSemaAt);
  p.root(kSemaAt, 0x200000);
  p.memory.words(0x7001900, {kMutexAt});                // the three share a stack here
  p.snapshot.goroutines[1].status = GStatus::kRunning;  // it parked since
  const Waits waits = p.read();
  EXPECT_TRUE(waits.goroutines[1].moved);
  EXPECT_THAT(semaphore_of(waits, 0).likely_holders, ElementsAre(3));
  EXPECT_EQ(semaphore_of(waits, 0).holder_candidates, 1u);
}

TEST(Semaphores, TheSameByItsSudog) {
  FakeProcess p;
  p.memory.map(kMutexAt, 24);
  p.memory.words(kMutexAt, {1});  // locked
  p.memory.map(0x7001000, 4096);
  const std::uint64_t g = p.waiting(kMutex, 0x200000), h = p.waiting(kMutex, 0x201000);
  p.waiting(1, 0);
  p.sudog(0x200000, g, 0, 0, 0, kSemaAt);
  p.sudog(0x201000, h, 0, 0, 0, kSemaAt);
  p.memory.words(0x7001900, {kMutexAt});
  p.snapshot.goroutines[1].status = GStatus::kRunning;
  EXPECT_THAT(semaphore_of(p.read(), 0).likely_holders, ElementsAre(3));
  // It waits for another one: it may hold this.
  p.sudog(0x201000, h, 0, 0, 0, kSemaAt + 64);
  EXPECT_THAT(semaphore_of(p.read(), 0).likely_holders, ElementsAre(2, 3));
}

TEST(Semaphores, TheNearestToTheAddressStandsFirst) {
  OldProcess p;
  const std::uint64_t g = p.waiting(kMutex, 0);
  p.sudog(0x200000, g, 0, 0, 0, kSemaAt);
  p.root(kSemaAt, 0x200000);
  p.waiting(1, 0);
  const std::uint64_t near = p.waiting(1, 0);
  p.memory.map(0x8001000, 4096);
  p.memory.words(near, {0x8000000, 0x8002000});
  p.memory.words(near + 56, {0x8001800});
  p.memory.words(0x7001900, {kMutexAt});
  p.memory.words(0x8001810, {kMutexAt});
  EXPECT_THAT(semaphore_of(p.read(), 0).likely_holders, ElementsAre(3, 2));
}

TEST(Semaphores, WhoIsFoundToWaitLaterDoesNotHoldItEither) {
  OldProcess p;
  for (int i = 0; i < 2; ++i) p.waiting(kMutex, 0);
  Waits waits;
  waits.goroutines.resize(2);
  SemaphoreWait wait;
  wait.kind = SyncKind::kMutex;
  wait.object = kMutexAt;
  wait.likely_holders = {7, 2};
  wait.deferred_holders = 2;
  wait.holder_candidates = 9;
  waits.goroutines[0].objects = {{Certainty::kProven, "semtable", wait}};
  wait.likely_holders.clear();
  waits.goroutines[1].objects = {{Certainty::kProven, "semtable", wait}};  // goid 2, read again
  leave_out_waiting_holders(p.snapshot, waits);
  EXPECT_THAT(semaphore_of(waits, 0).likely_holders, ElementsAre(7));
  EXPECT_EQ(semaphore_of(waits, 0).deferred_holders, 1u);
  EXPECT_EQ(semaphore_of(waits, 0).holder_candidates, 8u);

  wait.likely_holders = {2, 7};
  wait.holder_search = HolderSearchEnd::kDone;
  waits.goroutines[0].objects = {{Certainty::kProven, "semtable", wait}};
  leave_out_waiting_holders(p.snapshot, waits);
  EXPECT_EQ(semaphore_of(waits, 0).holder_search, HolderSearchEnd::kChangedHands);
  EXPECT_THAT(semaphore_of(waits, 0).likely_holders, ElementsAre()) << "7 was the less likely one";
}

TEST(Semaphores, AHolderThatMovedSinceTheSnapshotIsNamedByItsGoid) {
  OldProcess p;
  const std::uint64_t g = p.waiting(kMutex, 0);
  p.sudog(0x200000, g, 0, 0, 0, kSemaAt);
  p.root(kSemaAt, 0x200000);
  p.waiting(1, 0);
  p.waiting(1, 0);
  p.memory.words(0x7001900, {kMutexAt});                   // the three share a stack here
  p.snapshot.goroutines[1].status = GStatus::kRunning;     // it parked since
  p.memory.words(p.snapshot.goroutines[2].g + 160, {99});  // its g belongs to another goroutine now
  const Waits waits = p.read();
  EXPECT_TRUE(waits.goroutines[1].moved);
  EXPECT_THAT(semaphore_of(waits, 0).likely_holders, ElementsAre(2));
  EXPECT_EQ(semaphore_of(waits, 0).holder_candidates, 1u);
}

TEST(Conds, TheListIsFoundThroughTheStack) {
  OldProcess p;
  const std::uint64_t g = p.waiting(kCond, 0), h = p.waiting(kCond, 0);
  p.sudog(0x200000, g, 0, 0x201000);
  p.sudog(0x201000, h, 0);
  p.list(0x300010, 9, 7, 0x200000, 0x201000);
  p.memory.words(0x7001840, {0x200000, 0x300010});
  const Waits waits = p.read();
  for (std::size_t i = 0; i < 2; ++i) {
    const auto& cond = std::get<CondWait>(waits.goroutines[i].objects.at(0).what);
    EXPECT_EQ(cond.cond, 0x300000u);
    EXPECT_EQ(cond.waiters, 2u);
    EXPECT_EQ(waits.goroutines[i].objects[0].certainty, Certainty::kProven);
  }
}

// A stack word that points to the lock of the list: 8 bytes on, its tail passes for a head, and the goroutine
// hangs there.
TEST(Conds, AListBesideTheListIsNone) {
  OldProcess p;
  const std::uint64_t g = p.waiting(kCond, 0);
  p.sudog(0x200000, g, 0);
  p.list(0x300010, 9, 8, 0x200000, 0x200000);
  p.memory.words(0x7001840, {0x300018});
  EXPECT_EQ(p.read().not_found, 1u);
  p.memory.words(0x7001840, {0x300018, 0x300010});
  EXPECT_EQ(std::get<CondWait>(p.read().goroutines[0].objects.at(0).what).cond, 0x300000u);
}

TEST(Conds, CountersThatAreFewerThanTheListIsLongAndAnotherTailAreNoList) {
  OldProcess p;
  const std::uint64_t g = p.waiting(kCond, 0), h = p.waiting(kCond, 0);
  p.sudog(0x200000, g, 0, 0x201000);
  p.sudog(0x201000, h, 0);
  p.memory.words(0x7001840, {0x300010});
  p.list(0x300010, 9, 8, 0x200000, 0x201000);
  EXPECT_EQ(p.read().not_found, 2u);
  p.list(0x300010, 9, 7, 0x200000, 0x200000);
  EXPECT_EQ(p.read().not_found, 2u);
  p.list(0x300010, 9, 6, 0x200000, 0x201000);  // one has its ticket and is about to park
  EXPECT_EQ(p.read().not_found, 0u);
}

TEST(Conds, AListThatRunsInACircleWithoutTheGoroutineIsNone) {
  OldProcess p;
  p.waiting(kCond, 0);
  p.sudog(0x200000, 0x999000, 0, 0x201000);
  p.sudog(0x201000, 0x998000, 0, 0x200000);
  p.list(0x300010, 9, 0, 0x200000, 0x201000);
  p.memory.words(0x7001840, {0x300010});
  EXPECT_EQ(p.read().not_found, 1u);
}

// Goroutine 1 waits for the mutex, 2 has its address on its stack.
struct Contended : OldProcess {
  Contended() {
    const std::uint64_t g = waiting(kMutex, 0);
    sudog(0x200000, g, 0, 0, 0, kSemaAt);
    root(kSemaAt, 0x200000);
    waiting(1, 0);
    memory.words(0x7001900, {kMutexAt});  // they share a stack here
  }
};

TEST(Holders, OfALockThatNobodyHasThereIsNone) {
  Contended p;
  p.memory.words(kMutexAt, {0});
  const Waits waits = p.read();
  EXPECT_EQ(semaphore_of(waits, 0).holder_search, HolderSearchEnd::kDone);
  EXPECT_THAT(semaphore_of(waits, 0).likely_holders, ElementsAre());
  EXPECT_FALSE(is_held(semaphore_of(waits, 0)));
}

// As of goroutines that were read anew: the holder is none of those few.
TEST(Holders, OfAWaitThatWasReadAnewAreLookedForAmongAllGoroutines) {
  Contended p;
  p.config.find = WaitReader::Find::kObjects;
  Waits waits = p.read();
  EXPECT_EQ(semaphore_of(waits, 0).holder_search, HolderSearchEnd::kNotLookedFor);
  ASSERT_TRUE(WaitReader(p.memory, nullptr, p.config).find_holders(p.snapshot, waits));
  EXPECT_EQ(semaphore_of(waits, 0).holder_search, HolderSearchEnd::kDone);
  EXPECT_THAT(semaphore_of(waits, 0).likely_holders, ElementsAre(2));
  EXPECT_THAT(waits.elsewhere, ElementsAre());
}

TEST(Holders, OfAWaiterThatHasItByNowAreNotThoseOfItsWait) {
  Contended p;
  p.config.find = WaitReader::Find::kObjects;
  Waits waits = p.read();
  p.memory.words(p.snapshot.goroutines[0].g + 184, {1 | 7ull << 40});  // a receive, another trackingSeq
  ASSERT_TRUE(WaitReader(p.memory, nullptr, p.config).find_holders(p.snapshot, waits));
  EXPECT_EQ(semaphore_of(waits, 0).holder_search, HolderSearchEnd::kChangedHands);
  EXPECT_THAT(semaphore_of(waits, 0).likely_holders, ElementsAre());
  EXPECT_THAT(waits.elsewhere, ElementsAre(0)) << "to be read again";
}

// The stack of the holder is read while it unlocks: what lay there is of no moment.
TEST(Holders, WhoMovesWhileItIsReadIsLookedAtAgain) {
  class Restless : public FakeMemory {
   public:
    bool read_many(std::span<const Range> ranges, std::vector<bool>& failed) const override {
      if (ranges.size() > 2 && ranges.front().address == kMutexAt && moves > 0) {
        --moves;
        const_cast<Restless*>(this)->put(g + kTrackingSeqAt, &moves, 1);
      }
      return FakeMemory::read_many(ranges, failed);
    }
    std::uint64_t g = 0;
    mutable std::uint8_t moves = 0;
  };
  for (const std::uint8_t moves : std::initializer_list<std::uint8_t>{3, 200}) {
    Contended p;
    Waits waits = p.read();
    std::get<SemaphoreWait>(waits.goroutines[0].objects[0].what).holder_search = HolderSearchEnd::kCutShort;
    Restless memory;
    memory.copy_bytes(p.memory);
    memory.g = p.snapshot.goroutines[1].g;
    memory.moves = moves;
    ASSERT_TRUE(WaitReader(memory, nullptr, p.config).find_holders(p.snapshot, waits));
    if (moves == 3) {
      EXPECT_THAT(semaphore_of(waits, 0).likely_holders, ElementsAre(2));
    } else {
      EXPECT_EQ(semaphore_of(waits, 0).holder_search, HolderSearchEnd::kChangedHands);
      EXPECT_THAT(semaphore_of(waits, 0).likely_holders, ElementsAre());
    }
  }
}

// sync.Cond.Wait has unlocked it.
TEST(Holders, WhoWaitsForACondOfTheLockDoesNotHoldIt) {
  Contended p;
  const std::uint64_t h = p.waiting(kCond, 0);
  p.list(0x700000, 1, 0, 0x208000, 0x208000);
  p.memory.map(0x6ffff0, 16);
  p.memory.words(0x6ffff0, {0x1234, kMutexAt});  // Cond.L
  p.sudog(0x208000, h, 0);
  p.memory.words(0x7001810, {0x700000});
  const Waits waits = p.read();
  ASSERT_EQ(waits.goroutines[2].objects.size(), 1u);
  EXPECT_THAT(semaphore_of(waits, 0).likely_holders, ElementsAre(2));
}

}  // namespace
}  // namespace gorotrace::testing
