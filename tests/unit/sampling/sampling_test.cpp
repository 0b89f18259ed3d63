// What two looks prove, and what they do not.
#include "sampling/sampling.h"

#include <gtest/gtest.h>

#include "population.h"

namespace gorotrace {
namespace {

using simulated::kMs;

SamplingConfig config() {
  SamplingConfig c;
  c.is_system = [](std::uint64_t startpc) { return startpc == 0x9000; };
  c.wait_reasons.assign(16, "chan receive");
  c.wait_reasons[5] = "coroutine";
  c.wait_reasons[6] = "preempted";
  return c;
}

GWords parked(std::uint64_t goid, std::uint8_t seq) {
  GWords w;
  w.goid = goid;
  w.stack_lo = 0x10000;
  w.stack_hi = 0x20000;
  w.status = static_cast<std::uint32_t>(GStatus::kWaiting);
  w.wait_reason = 3;
  w.tracking_seq = seq;
  w.gopc = 0x4000;
  w.startpc = 0x5000;
  w.sched_pc = 0x400000;
  w.sched_sp = 0x1f000;
  return w;
}

GWords running(std::uint64_t goid, std::uint8_t seq) {
  GWords w = parked(goid, seq);
  w.status = static_cast<std::uint32_t>(GStatus::kRunning);
  w.sched_sp = 0;
  return w;
}

// One goroutine, looked at every 10 ms from 10 ms on.
struct One {
  explicit One(const SamplingConfig& c = config()) : looks(c) {}
  testing::Looks looks;
  Sampling& sampling = looks.sampling;
  std::uint64_t at = 0;
  int asked = 0;
  std::uint64_t stack = 0x77;

  void look(const GWords* w, std::uint64_t took_ns = 0) {
    at += 10 * kMs;
    looks.begin_look(at, true);
    looks.seen_ns += took_ns;
    if (const auto number = looks.see({0, 1}, w)) {
      ++asked;
      looks.place(*number, stack);
    }
    EXPECT_TRUE(looks.end_look(1));
  }
  void look(const GWords& w, std::uint64_t took_ns = 0) { look(&w, took_ns); }
};

const SampledWaits& only(const SampledTables& t) {
  EXPECT_EQ(t.waits.size(), 1u);
  return t.waits.at(0);
}

TEST(Sampling, UnchangedIsOneWaitAndExact) {
  One one;
  for (int i = 0; i < 6; ++i) one.look(parked(8, 4));
  one.looks.end_segment();
  const SampledTables t = one.sampling.tables();
  EXPECT_EQ(only(t).time.ns, 50 * kMs);
  EXPECT_TRUE(only(t).time.exact());
  EXPECT_EQ(only(t).key.stack, 0x77u);
  EXPECT_EQ(only(t).open_since_ns, 10 * kMs);
  EXPECT_EQ(t.sites.at(0).time.ns, 50 * kMs);
  EXPECT_TRUE(t.sites[0].time.exact());
  EXPECT_TRUE(t.states[static_cast<std::size_t>(GState::kWaiting)].exact());
  EXPECT_EQ(t.live_integral_ns, 50 * kMs);
  EXPECT_EQ(one.asked, 1) << "a known stack is not read again";
  ASSERT_EQ(t.covered.size(), 1u);
  EXPECT_EQ(t.covered[0].from_ns, 10 * kMs);
  EXPECT_EQ(t.covered[0].to_ns, 60 * kMs);
}

TEST(Sampling, AnotherSequenceNumberIsAnotherWait) {
  One one;
  for (std::uint8_t i = 0; i < 6; ++i) one.look(parked(8, i));
  const SampledTables t = one.sampling.tables();
  EXPECT_EQ(only(t).time.ns, 50 * kMs);
  EXPECT_EQ(only(t).time.proven_ns, 0u);
  EXPECT_FALSE(only(t).time.exact());
  EXPECT_EQ(only(t).long_waits.count(), 0u);
  EXPECT_EQ(one.asked, 6);
}

TEST(Sampling, LongWaitsAreKnownToOneLook) {
  One one;
  one.look(running(8, 1));
  for (int i = 0; i < 4; ++i) one.look(parked(8, 2));  // 20 to 50 ms
  one.look(running(8, 2));
  for (int i = 0; i < 2; ++i) one.look(parked(8, 3));  // two looks only: no longer than that
  one.look(running(8, 3));
  const SampledTables t = one.sampling.tables();
  EXPECT_EQ(only(t).long_waits.count(), 1u);
  EXPECT_EQ(only(t).long_waits.max(), 40 * kMs);  // from 15 to 55: half of the gaps at its ends
  EXPECT_EQ(only(t).time.proven_ns, 40 * kMs);
}

TEST(Sampling, AWaitFromBeforeSamplingHasNoLength) {
  One one;
  for (int i = 0; i < 5; ++i) one.look(parked(8, 2));
  one.look(running(8, 2));
  EXPECT_EQ(only(one.sampling.tables()).long_waits.count(), 0u);
}

TEST(Sampling, ThreeLooksThatAgreeByChanceAmongFastParksAreNoWait) {
  One one;
  one.look(parked(8, 10));
  one.look(parked(8, 90));
  for (int i = 0; i < 3; ++i) one.look(parked(8, 200));  // the byte may have come round
  one.look(parked(8, 70));
  one.look(parked(8, 90));
  EXPECT_EQ(only(one.sampling.tables()).long_waits.count(), 0u);
  for (int i = 0; i < 4; ++i) one.look(parked(8, 200));
  one.look(parked(8, 70));
  EXPECT_EQ(only(one.sampling.tables()).long_waits.count(), 1u);
}

TEST(Sampling, CoroutinesAndSyscallsSince126AreNotProven) {
  One one;
  GWords coroutine = parked(8, 4);
  coroutine.wait_reason = 5;
  for (int i = 0; i < 4; ++i) one.look(coroutine);
  EXPECT_EQ(only(one.sampling.tables()).time.proven_ns, 0u);

  GWords call = parked(8, 4);
  call.status = static_cast<std::uint32_t>(GStatus::kSyscall);
  call.syscallpc = 0x400000;
  call.syscallsp = 0x1f000;
  for (const bool counted : {false, true}) {
    SamplingConfig c = config();
    c.syscalls_counted = counted;
    One other(c);
    for (int i = 0; i < 4; ++i) other.look(call);
    const SampledTables t = other.sampling.tables();
    EXPECT_TRUE(only(t).key.in_syscall);
    EXPECT_EQ(only(t).time.proven_ns, counted ? 30 * kMs : 0u);
    EXPECT_EQ(only(t).time.error_ns, counted ? 0 : 10 * kMs) << "a change may have been missed: one look";
  }
}

TEST(Sampling, AnotherGoroutineInTheSlotIsNotTheSameWait) {
  One one;
  for (int i = 0; i < 3; ++i) one.look(parked(8, 4));
  one.look(nullptr);
  for (int i = 0; i < 3; ++i) one.look(parked(9, 4));
  const SampledTables t = one.sampling.tables();
  EXPECT_EQ(only(t).time.ns, 50 * kMs);
  EXPECT_EQ(only(t).time.proven_ns, 40 * kMs);
  EXPECT_GT(only(t).time.error_ns, 0u);
}

TEST(Sampling, APauseBelongsToNobody) {
  One one;
  for (int i = 0; i < 3; ++i) one.look(parked(8, 4));
  one.looks.end_segment();
  one.at += 1000 * kMs;
  for (int i = 0; i < 3; ++i) one.look(parked(8, 4));
  one.looks.end_segment();
  const SampledTables t = one.sampling.tables();
  EXPECT_EQ(only(t).time.ns, 40 * kMs);
  EXPECT_TRUE(only(t).time.exact());
  EXPECT_EQ(t.covered.size(), 2u);
}

TEST(Sampling, AStackThatCannotBeHadIsAskedForThreeTimes) {
  One one;
  one.stack = 0;
  for (int i = 0; i < 10; ++i) one.look(parked(8, 4));
  EXPECT_EQ(one.asked, 3);
  const SampledTables t = one.sampling.tables();
  EXPECT_EQ(only(t).key.stack, 0u);
  EXPECT_EQ(t.without_stack, 10u);
  EXPECT_EQ(only(t).time.ns, 90 * kMs) << "the state counts, with or without a stack";
}

TEST(Sampling, SystemGoroutinesAreInTheirOwnRowsAndInNoState) {
  One one;
  GWords w = parked(3, 1);
  w.startpc = 0x9000;
  for (int i = 0; i < 3; ++i) one.look(w);
  const SampledTables t = one.sampling.tables();
  EXPECT_TRUE(only(t).key.system);
  for (const SampledTime& s : t.states) EXPECT_EQ(s.ns, 0u);
  ASSERT_EQ(t.sites.size(), 1u);
  EXPECT_TRUE(t.sites[0].system);
}

TEST(Sampling, WhoStoodStillAtFourLooksStands) {
  One one;
  one.look(parked(1, 1));
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(one.sampling.standing().empty()) << "a chance of 1 in 256 for each look";
    one.look(parked(1, 2));
  }
  EXPECT_TRUE(one.sampling.standing().empty());
  one.look(parked(1, 2));
  const auto standing = one.sampling.standing();
  ASSERT_EQ(standing.size(), 1u);
  EXPECT_EQ(standing[0].since_ns, 20 * kMs);
  EXPECT_EQ(standing[0].standing.goid, 1u);
  EXPECT_EQ(standing[0].standing.seq, 2u);
  one.look(parked(1, 3));
  EXPECT_TRUE(one.sampling.standing().empty());
}

TEST(Sampling, AStandingFromBeforeTheStretchGoesOnOnceFourLooksAgree) {
  for (const std::uint8_t seq : std::initializer_list<std::uint8_t>{2, 3}) {
    One one;
    one.look(parked(1, 2));
    CarriedStays known;
    known.sampled(one.sampling.stays(), one.at);
    one.looks.end_segment();
    one.at += 500 * kMs;
    one.look(parked(1, seq));
    one.sampling.carry_on(known);
    one.look(parked(1, seq));
    EXPECT_EQ(only(one.sampling.tables()).open_since_ns, 520 * kMs) << "three looks";
    one.look(parked(1, seq));
    EXPECT_EQ(only(one.sampling.tables()).open_since_ns, seq == 2 ? 10 * kMs : 520 * kMs);
    EXPECT_EQ(one.sampling.standing().size(), seq == 2 ? 1u : 0u);
    one.look(parked(1, 9));
    EXPECT_EQ(only(one.sampling.tables()).open_since_ns, 550 * kMs) << "that was another one";
  }
}

// Whoever was read last may have parked while the others were read.
TEST(Sampling, ALookProvesFromItsEnd) {
  One one;
  one.look(parked(1, 1));
  for (int i = 0; i < 4; ++i) one.look(parked(1, 2), 3 * kMs);
  const auto standing = one.sampling.standing();
  ASSERT_EQ(standing.size(), 1u);
  EXPECT_EQ(standing[0].since_ns, 23 * kMs);
  ASSERT_EQ(one.sampling.moves().size(), 1u);
  EXPECT_EQ(one.sampling.moves()[0].at_ns, 10 * kMs) << "whoever was read first moved from the begin on";
  EXPECT_EQ(only(one.sampling.tables()).open_since_ns, 23 * kMs);
}

TEST(Sampling, WhoIsSeenElsewhereHasMovedBehindTheLookBefore) {
  One one;
  one.look(parked(1, 1));
  EXPECT_TRUE(one.sampling.moves().empty());
  one.look(parked(1, 1));
  EXPECT_TRUE(one.sampling.moves().empty());
  GWords moved_stack = parked(1, 1);
  moved_stack.sched_sp -= 0x800;
  one.look(moved_stack);
  EXPECT_TRUE(one.sampling.moves().empty()) << "a collection moves stacks of those that wait";
  one.look(parked(1, 2));
  for (int i = 0; i < 5; ++i) one.look(parked(1, 2));
  const auto moves = one.sampling.moves();
  ASSERT_EQ(moves.size(), 1u);
  EXPECT_EQ(moves[0].goid, 1u);
  EXPECT_EQ(moves[0].at_ns, 30 * kMs);
  one.look(parked(2, 2));  // another one in its place
  EXPECT_EQ(one.sampling.moves().at(0).goid, 2u);
  EXPECT_EQ(one.sampling.moves().at(0).at_ns, 90 * kMs);
}

TEST(Sampling, NobodyStandsWhoRunsOrCannotBeProven) {
  One running_on;
  for (int i = 0; i < 6; ++i) running_on.look(running(1, 2));
  EXPECT_TRUE(running_on.sampling.standing().empty());
  One coroutine;
  GWords w = parked(1, 2);
  w.wait_reason = 5;
  for (int i = 0; i < 6; ++i) coroutine.look(w);
  EXPECT_TRUE(coroutine.sampling.standing().empty());
  One runnable;
  w = parked(1, 2);
  w.status = static_cast<std::uint32_t>(GStatus::kRunnable);
  for (int i = 0; i < 6; ++i) runnable.look(w);
  EXPECT_TRUE(runnable.sampling.standing().empty());
}

TEST(Instants, OneInEachCellAndCellsThatWentByAreLeftOut) {
  Instants instants(1000, kLookPeriodNs, 5);
  std::uint64_t now = 1000, last_cell = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    now = instants.next(now, kLookPeriodNs);
    last_cell = (now - 1000) / kLookPeriodNs;
    EXPECT_EQ(last_cell, i);
  }
  now = instants.next(now + 5 * kLookPeriodNs, kLookPeriodNs);
  EXPECT_GE((now - 1000) / kLookPeriodNs, last_cell + 5);
}

TEST(Instants, ALengthCountsFromTheNextCellButOneOn) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Instants instants(0, kLookPeriodNs, seed);
    const std::uint64_t first = instants.next(0, 7 * kLookPeriodNs);
    EXPECT_LT(first, kLookPeriodNs);
    const std::uint64_t second = instants.next(first, kLookPeriodNs);
    EXPECT_GE(second, kLookPeriodNs);
    EXPECT_LT(second, 8 * kLookPeriodNs);
    EXPECT_GE(instants.next(second, kLookPeriodNs), 8 * kLookPeriodNs);
  }
}

TEST(ChooseSlots, OneInEachStratum) {
  std::mt19937_64 random(3);
  std::vector<Choice> chosen;
  choose_slots(1003, 100, random, chosen);
  ASSERT_EQ(chosen.size(), 100u);
  std::uint32_t from = 0;
  for (const Choice& c : chosen) {
    EXPECT_GE(c.slot, from);
    EXPECT_LT(c.slot, from + c.stands_for);
    from += c.stands_for;
  }
  EXPECT_EQ(from, 1003u);
  choose_slots(5, 100, random, chosen);
  ASSERT_EQ(chosen.size(), 5u);
  for (std::uint32_t i = 0; i < 5; ++i) EXPECT_EQ(chosen[i].slot, i);
  choose_slots(0, 0, random, chosen);
  EXPECT_TRUE(chosen.empty());
}

}  // namespace
}  // namespace gorotrace
