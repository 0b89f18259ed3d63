// What is proven of a wait on both sides of a change between sampling and events.
#include "sampling/carried_stays.h"

#include <gtest/gtest.h>

namespace gorotrace {
namespace {

constexpr std::uint8_t kReceive = 3;

Snapshot look(std::uint64_t at_ns, std::uint8_t seq, std::uint64_t stack = 0x77) {
  GoroutineSnapshot g;
  g.goid = 1;
  g.status = GStatus::kWaiting;
  g.wait_reason = kReceive;
  g.tracking_seq = seq;
  g.stack_id = stack;
  g.read_at_ns = at_ns;
  Snapshot out;
  out.goroutines.push_back(g);
  out.counts.end_ns = at_ns + 5;
  return out;
}
std::optional<std::uint64_t> since(const CarriedStays& stays, const Snapshot& snapshot) {
  return stays.since(snapshot.goroutines.at(0));
}
OpenWaits open(std::uint64_t at_ns, std::uint64_t since_ns, bool park_seen = false) {
  return {at_ns, {{1, since_ns, kReceive, false, park_seen}}};
}
CarriedStay sampled(std::uint64_t looks, std::uint8_t seq = 5) {
  return {.goid = 1,
          .stack = 0x77,
          .status = GStatus::kWaiting,
          .reason = kReceive,
          .seq = seq,
          .since_ns = 100,
          .seen_ns = 900,
          .looks = looks};
}

TEST(CarriedStays, WhatSamplingProvedHoldsForASnapshotThatFindsTheSameStay) {
  CarriedStays stays;
  stays.sampled(std::vector{sampled(3)}, 900);
  EXPECT_EQ(since(stays, look(1000, 5)), 100u);
  EXPECT_EQ(since(stays, look(1000, 5, 0)), 100u) << "its stack is not known";
  EXPECT_EQ(since(stays, look(1000, 6)), std::nullopt) << "it parked again";
  EXPECT_EQ(since(stays, look(1000, 5, 0x88)), std::nullopt) << "at another place";
  stays.sampled(std::vector{sampled(2)}, 900);
  EXPECT_EQ(since(stays, look(1000, 5)), std::nullopt) << "three looks agree by chance";
  stays.sampled({}, 950);
  EXPECT_EQ(since(stays, look(1000, 5)), std::nullopt) << "a stretch without it: it moved";
}

TEST(CarriedStays, EventsProveAWaitFromTheBeginOfTheGroupOn) {
  CarriedStays stays;
  stays.seen(look(1000, 5), open(1010, 300));
  stays.told(open(2000, 300));
  CarriedStay later = sampled(1);
  later.since_ns = later.seen_ns = 2100;
  const CarriedStay* before = stays.before(later);
  ASSERT_NE(before, nullptr);
  EXPECT_EQ(before->since_ns, 300u);
  EXPECT_EQ(before->looks, 1u);
}

TEST(CarriedStays, WhoMovedWhileEventsToldIsForgotten) {
  CarriedStay later = sampled(1);
  later.since_ns = later.seen_ns = 2100;
  for (OpenWaits at_end : {OpenWaits{2000, {}}, open(2000, 1500), open(2000, 1500, true)}) {
    at_end.moves = {{1, 1500}};
    CarriedStays stays;
    stays.seen(look(1000, 5), open(1010, 300));
    stays.told(at_end);
    EXPECT_EQ(stays.before(later), nullptr) << "its wait is another one, whatever the counter says";
  }
}

TEST(CarriedStays, APhaseThatEndedBeforeItsLookProvesNothingAndForgetsNobody) {
  CarriedStays stays;
  stays.sampled(std::vector{sampled(4)}, 900);
  stays.told({2000, {}, {{2, 1500}}});
  stays.told({2000, {}});
  EXPECT_EQ(since(stays, look(2100, 5)), 100u);
  EXPECT_EQ(since(stays, look(2100, 6)), std::nullopt);
  stays.told({2000, {}, {{1, 800}}});
  EXPECT_EQ(since(stays, look(2100, 5)), 100u) << "it moved before it was seen";
  stays.told({2000, {}, {{1, 1500}}});
  EXPECT_EQ(since(stays, look(2100, 5)), std::nullopt);
}

TEST(CarriedStays, ASystemCallThatNoEventTellsOfIsForgotten) {
  CarriedStay in_syscall = sampled(4);
  in_syscall.status = GStatus::kSyscall;
  in_syscall.reason = 0;
  CarriedStays stays;
  stays.sampled(std::vector{in_syscall}, 900);
  ASSERT_NE(stays.before(in_syscall), nullptr);
  stays.told({2000, {}});
  EXPECT_EQ(stays.before(in_syscall), nullptr);
}

TEST(CarriedStays, APartOfTheWindowIsHandedOnAsOftenAsItChanges) {
  CarriedStays stays;
  stays.sampled(std::vector{sampled(4)}, 900);
  stays.seen(look(1000, 5), open(1010, 950));
  stays.told(open(2000, 950));
  EXPECT_EQ(since(stays, look(2100, 5)), 100u);
  stays.seen(look(2100, 5), open(2110, 2050));
  EXPECT_EQ(since(stays, look(3000, 5)), 100u);
  EXPECT_EQ(since(stays, look(3000, 4)), std::nullopt);
  stays.sampled({}, 2000);
  EXPECT_EQ(since(stays, look(3000, 5)), 100u) << "that stretch ended before";
}

TEST(CarriedStays, AWaitThatBeganBehindTheLookIsNotThatOfTheLook) {
  CarriedStays stays;
  stays.seen(look(1000, 5), open(1200, 1100, true));
  CarriedStay later = sampled(1);
  later.since_ns = later.seen_ns = 2100;
  ASSERT_NE(stays.before(later), nullptr);
  EXPECT_EQ(stays.before(later)->since_ns, 1000u);
  OpenWaits at_end = open(2000, 1100, true);
  at_end.moves = {{1, 1100}};
  stays.told(at_end);
  EXPECT_EQ(stays.before(later), nullptr);
}

}  // namespace
}  // namespace gorotrace
