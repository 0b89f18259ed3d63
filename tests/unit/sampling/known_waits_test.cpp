// Since when goroutines wait, from probes, sampling and collections: the park where it was seen, else the
// earliest time that somebody proves, and nothing that does not hold for the very stay of the snapshot.
#include "sampling/known_waits.h"

#include <gtest/gtest.h>

namespace gorotrace {
namespace {

constexpr std::uint64_t kPc = 0x400100, kSp = 0x1f000, kRead = 1'000'000;

struct Joined {
  Snapshot snapshot;
  std::vector<StandingWait> standing;
  std::vector<LastMove> moves;
  OpenWaits open{kRead, {}};

  GoroutineSnapshot& goroutine(std::uint64_t goid) {
    GoroutineSnapshot g;
    g.goid = goid;
    g.status = GStatus::kWaiting;
    g.wait_reason = 3;
    g.read_at_ns = kRead;
    g.sp = kSp;
    g.tracking_seq = 7;
    const std::uint64_t pcs[] = {kPc, 0x400200};
    g.stack = snapshot.stacks.add(1, pcs, false);
    g.stack_id = 1;
    snapshot.goroutines.push_back(g);
    return snapshot.goroutines.back();
  }
  Standing& stands(std::uint64_t goid, std::uint64_t since) {
    StandingWait w;
    w.standing.goid = goid;
    w.standing.status = GStatus::kWaiting;
    w.standing.reason = 3;
    w.standing.seq = 7;
    w.standing.pc = kPc;
    w.standing.sp = kSp;
    w.since_ns = since;
    standing.push_back(w);
    return standing.back().standing;
  }
  OpenWait& waits(std::uint64_t goid, std::uint64_t since, bool park_seen) {
    open.waits.push_back({goid, since, 3, false, park_seen});
    return open.waits.back();
  }
  [[nodiscard]] KnownWait only() const { return known_waits(snapshot, standing, moves, open).at(0); }
};

TEST(KnownWaits, NobodyKnows) {
  Joined j;
  j.goroutine(1);
  EXPECT_FALSE(j.only().known());
}

TEST(KnownWaits, TheEarliestBoundIsTheLargest) {
  Joined j;
  j.goroutine(1).waited_at_ns = 500;
  j.stands(1, 400);
  EXPECT_EQ(j.only().source, WaitSource::kSampling);
  EXPECT_EQ(j.only().since_ns, 400u);
  j.waits(1, 300, false);
  EXPECT_EQ(j.only().source, WaitSource::kProbes);
  j.snapshot.goroutines[0].waited_at_ns = 200;
  EXPECT_EQ(j.only().source, WaitSource::kCollections);
  EXPECT_EQ(j.only().since_ns, 200u);
  EXPECT_FALSE(j.only().exact);
}

TEST(KnownWaits, TheParkItselfOutweighsEveryBound) {
  Joined j;
  j.goroutine(1).waited_at_ns = 100;
  j.stands(1, 200);
  j.waits(1, 600, true);
  const KnownWait known = j.only();
  EXPECT_EQ(known.source, WaitSource::kProbes);
  EXPECT_EQ(known.since_ns, 600u);
  EXPECT_TRUE(known.exact);
}

TEST(KnownWaits, AStandingHoldsForTheVerySameStayOnly) {
  const auto proven = [](auto change) {
    Joined j;
    j.goroutine(1);
    Standing& standing = j.stands(1, 400);
    change(standing, j.snapshot.goroutines[0], j.standing[0]);
    return j.only().known();
  };
  EXPECT_TRUE(proven([](Standing&, GoroutineSnapshot&, StandingWait&) {}));
  EXPECT_FALSE(proven([](Standing& s, auto&, auto&) { s.goid = 2; }));
  EXPECT_FALSE(proven([](Standing& s, auto&, auto&) { s.seq = 8; }));
  EXPECT_FALSE(proven([](Standing& s, auto&, auto&) { s.pc += 4; }));
  EXPECT_FALSE(proven([](Standing& s, auto&, auto&) { s.sp -= 16; }));
  EXPECT_FALSE(proven([](Standing& s, auto&, auto&) { s.reason = 4; }));
  EXPECT_FALSE(proven([](Standing& s, auto&, auto&) { s.status = GStatus::kPreempted; }));
  EXPECT_FALSE(proven([](auto&, GoroutineSnapshot& g, auto&) { g.status = GStatus::kRunnable; }));
  EXPECT_FALSE(proven([](auto&, GoroutineSnapshot& g, auto&) { g.stack = StackSet::kNone; }));
  EXPECT_FALSE(proven([](auto&, auto&, StandingWait& w) { w.since_ns = kRead + 1; }));
}

TEST(KnownWaits, AnOpenWaitHoldsWhereTheSnapshotSawIt) {
  const auto proven = [](auto change) {
    Joined j;
    j.goroutine(1);
    OpenWait& wait = j.waits(1, 400, true);
    change(wait, j.snapshot.goroutines[0]);
    return j.only().known();
  };
  EXPECT_TRUE(proven([](OpenWait&, GoroutineSnapshot&) {}));
  EXPECT_FALSE(proven([](OpenWait& w, auto&) { w.goid = 2; }));
  EXPECT_FALSE(proven([](OpenWait& w, auto&) { w.since_ns = kRead + 1; })) << "parked after it was read";
  EXPECT_FALSE(proven([](OpenWait& w, auto&) { w.reason = 4; }));
  EXPECT_FALSE(proven([](OpenWait& w, auto&) { w.in_syscall = true; }));
  EXPECT_FALSE(proven([](auto&, GoroutineSnapshot& g) { g.status = GStatus::kRunning; }));
  EXPECT_TRUE(proven([](OpenWait& w, GoroutineSnapshot& g) {
    w.in_syscall = true;
    g.status = GStatus::kSyscall;
  }));
  // On a thread: it runs, whatever its status says, and no event will tell.
  EXPECT_TRUE(proven([](auto&, GoroutineSnapshot& g) { g.on_thread = true; }));
  EXPECT_FALSE(proven([](OpenWait& w, GoroutineSnapshot& g) {
    w.park_seen = false;
    g.on_thread = true;
  }));
}

TEST(KnownWaits, WhatWasOpenBeforeItWasReadMayHaveEnded) {
  Joined j;
  j.goroutine(1);
  j.waits(1, 400, true);
  j.open.at_ns = kRead - 1;
  EXPECT_FALSE(j.only().known());
}

TEST(KnownWaits, WhoWasSeenToMoveHasNotWaitedSinceBefore) {
  Joined j;
  j.goroutine(1);
  EXPECT_EQ(j.only().moved_ns, 0u);
  j.moves = {{2, 900}, {1, 500}};
  EXPECT_EQ(j.only().moved_ns, 500u);
  EXPECT_FALSE(j.only().known());
  j.open.moves = {{1, 700}};
  EXPECT_EQ(j.only().moved_ns, 700u) << "the later of both";
  j.waits(1, 700, true);
  EXPECT_TRUE(j.only().exact);
  EXPECT_EQ(j.only().moved_ns, 700u);
}

TEST(KnownWaits, CollectionsInTheFutureAreForged) {
  Joined j;
  j.goroutine(1).waited_at_ns = kRead + 1;
  EXPECT_FALSE(j.only().known());
}

}  // namespace
}  // namespace gorotrace
