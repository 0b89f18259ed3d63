// Links that several processes of one file share, end to end: whose a hit is, who is none of ours, and what
// is on for whom. The processes are this one and forks of it.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <map>
#include <thread>

#include "capture/capture.h"
#include "capture/own_code.h"
#include "fake_go.h"
#include "sibling.h"

namespace gorotrace {
namespace {

using testing::FakeGoroutine;
using testing::hit;
using ::testing::IsEmpty;
using ::testing::Pair;
using testing::Sibling;
using ::testing::UnorderedElementsAre;

constexpr GroupMask kBlock = group_bit(GT_GROUP_BLOCK), kRun = group_bit(GT_GROUP_RUN);
enum SiteIndex : std::size_t { kPark, kExecute, kYield };

Plan plan() {
  return testing::fake_plan(
      {{GT_HOOK_PARK, kBlock}, {GT_HOOK_EXECUTE, kBlock | kRun}, {GT_HOOK_YIELD, kRun}});
}

class SharedLinksTest : public ::testing::TestWithParam<AttachMode> {
 protected:
  void SetUp() override {
    CaptureOptions options;
    options.force_mode = GetParam();
    options.groups = kBlock | kRun;
    options.max_targets = 2;
    auto made = Capture::make(options);
    ASSERT_TRUE(made) << made.error().message;
    capture_ = std::move(*made);
  }
  TargetId add(pid_t pid, LinkScope scope = LinkScope::kShared) {
    auto config = testing::fake_config();
    config.tgid = static_cast<gt_u32>(pid);
    const auto add_once = [&] {
      return capture_->add_target(pid, fmt::format("/proc/{}/exe", pid), config, plan(), scope);
    };
    auto target = add_once();
    for (int i = 0; !target && i < 4; ++i) {  // its slot may have to wait for the reader
      drain();
      target = add_once();
    }
    EXPECT_TRUE(target) << target.error().message;
    return target.value_or(0);
  }
  void set(TargetId target, GroupMask groups) {
    const auto on = capture_->set_groups(target, groups);
    ASSERT_TRUE(on) << on.error().message;
    EXPECT_EQ(*on, groups);
    await_detached(target);
  }
  void await_detached(TargetId target) {
    while (capture_->detaching(target)) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  using Counts = std::map<TargetId, std::size_t>;
  Counts drain() {
    Counts records;
    capture_->drain([&](unsigned, const gt_record& r) { ++records[target_of(r)]; });
    return records;
  }
  std::uint64_t others_hits(TargetId target) {
    const auto facts = capture_->shared_links(target);
    EXPECT_TRUE(facts);
    return facts ? facts->others_hits : 0;
  }
  SiteCounters park(TargetId target) { return capture_->site_counters(target)[kPark]; }
  static bool has_breakpoint(std::size_t site) {
    static const std::vector<std::uint8_t> original(gt_fake_sites, gt_fake_sites + 16 * 8);
    const auto* bytes = static_cast<const std::uint8_t*>(testing::site_address(site));
    return !std::equal(bytes, bytes + 4, original.begin() + static_cast<std::ptrdiff_t>(16 * site));
  }

  const bool untouched_ = !has_breakpoint(kPark);  // fixes `original`
  FakeGoroutine gp_{42, 3, 0x401000};
  std::uint64_t g_ = gp_.g.address();
  std::unique_ptr<Capture> capture_;
};

TEST_P(SharedLinksTest, AHitIsItsProcesss) {
  Sibling sibling;
  const TargetId self = add(::getpid()), other = add(sibling.pid());
  set(self, kBlock);
  set(other, kBlock);
  EXPECT_EQ(capture_->shared_links(self)->targets, 2u);
  for (int i = 0; i < 3; ++i) hit(kPark, {.arg0 = g_});
  sibling.hit(kPark, 5, g_);
  EXPECT_THAT(drain(), UnorderedElementsAre(Pair(self, 3), Pair(other, 5)));
  EXPECT_EQ(park(self).hits, 3u);
  EXPECT_EQ(park(other).hits, 5u);
  EXPECT_EQ(capture_->counters(self).produced, 3u);
  EXPECT_EQ(capture_->counters(other).produced, 5u);
  EXPECT_EQ(others_hits(self), 0u);
}

TEST_P(SharedLinksTest, HitsOfOthersAreCountedAndSendNothing) {
  Sibling before;
  const TargetId self = add(::getpid());
  set(self, kBlock);
  before.hit(kPark, 7, g_);
  EXPECT_EQ(others_hits(self), 7u);
  Sibling after;  // a child of a target is none
  after.hit(kPark, 4, g_);
  EXPECT_EQ(others_hits(self), 11u);
  EXPECT_THAT(drain(), IsEmpty());
  EXPECT_EQ(capture_->counters().produced, 0u);
  EXPECT_EQ(park(self).hits, 0u);
  const TargetId other = add(after.pid());
  set(other, kBlock);
  after.hit(kPark, 2, g_);
  EXPECT_THAT(drain(), UnorderedElementsAre(Pair(other, 2)));
  EXPECT_EQ(others_hits(other), 11u);
}

// Its number may be another process's by then.
TEST_P(SharedLinksTest, ATargetThatIsDisownedIsAStranger) {
  Sibling sibling;
  const TargetId self = add(::getpid()), other = add(sibling.pid());
  set(self, kBlock);
  set(other, kBlock);
  sibling.hit(kPark, 2, g_);
  capture_->disown(other);
  sibling.hit(kPark, 3, g_);
  EXPECT_THAT(drain(), UnorderedElementsAre(Pair(other, 2)));
  EXPECT_EQ(park(other).hits, 2u);
  EXPECT_EQ(others_hits(self), 3u);
}

TEST_P(SharedLinksTest, ATargetWithLinksOfItsOwnIsSeenOnce) {
  Sibling sibling;
  const TargetId self = add(::getpid(), LinkScope::kOwn), other = add(sibling.pid());
  EXPECT_FALSE(capture_->shared_links(self));
  set(other, kBlock);
  set(self, kBlock);
  for (int i = 0; i < 4; ++i) hit(kPark, {.arg0 = g_});
  sibling.hit(kPark, 2, g_);
  EXPECT_THAT(drain(), UnorderedElementsAre(Pair(self, 4), Pair(other, 2)));
  EXPECT_EQ(park(self).hits, 4u);
  EXPECT_EQ(others_hits(other), 0u);
  set(self, 0);
  hit(kPark, {.arg0 = g_});
  EXPECT_THAT(drain(), IsEmpty());
}

TEST_P(SharedLinksTest, WhatIsOffForOneIsAHitAndNoEventThere) {
  Sibling sibling;
  const TargetId self = add(::getpid()), other = add(sibling.pid());
  set(other, kBlock | kRun);
  EXPECT_EQ(capture_->groups(self), 0u);
  EXPECT_EQ(capture_->trapped(self), kBlock | kRun);
  hit(kPark, {.arg0 = g_});
  EXPECT_THAT(drain(), IsEmpty()) << "it has joined and nothing is on for it";
  set(self, kBlock | kRun);
  hit(kPark, {.arg0 = g_});
  EXPECT_THAT(drain(), UnorderedElementsAre(Pair(self, 1)));
  set(self, kRun);
  hit(kPark, {.arg0 = g_});
  EXPECT_THAT(drain(), IsEmpty());
  EXPECT_EQ(park(self).hits, 3u);
  EXPECT_EQ(park(self).skipped, 2u);
  EXPECT_EQ(capture_->counters(self).produced, 1u);
  hit(kExecute, {.arg0 = g_});  // of both groups
  hit(kYield, {.arg0 = g_});
  sibling.hit(kPark, 1, g_);
  EXPECT_THAT(drain(), UnorderedElementsAre(Pair(self, 2), Pair(other, 1)));
  // The link goes with the last who wants it.
  EXPECT_TRUE(has_breakpoint(kPark));
  set(other, 0);
  EXPECT_FALSE(has_breakpoint(kPark));
  EXPECT_TRUE(has_breakpoint(kYield));
  EXPECT_EQ(capture_->trapped(other), kRun);
  capture_->remove_target(self);
  await_detached(other);
  EXPECT_FALSE(has_breakpoint(kYield));
  EXPECT_EQ(capture_->trapped(other), 0u);
}

TEST_P(SharedLinksTest, AWithdrawnGroupIsOnForNobody) {
  Sibling sibling;
  const TargetId self = add(::getpid()), other = add(sibling.pid());
  set(self, kBlock | kRun);
  set(other, kBlock | kRun);
  set(self, kRun);
  capture_->withdraw(self, kBlock);
  EXPECT_EQ(capture_->permitted(other) & (kBlock | kRun), kRun);
  EXPECT_EQ(capture_->groups(other), kBlock | kRun) << "whoever has it on lets go of it";
  set(other, kRun);
  EXPECT_FALSE(has_breakpoint(kPark));
  EXPECT_EQ(capture_->set_groups(other, kBlock | kRun), kRun);
  EXPECT_FALSE(has_breakpoint(kPark));
  capture_->remove_target(self);
  set(other, kBlock | kRun);
  EXPECT_TRUE(has_breakpoint(kPark));
}

TEST_P(SharedLinksTest, AFailedAttachLeavesWhatWasOn) {
  Sibling sibling;
  auto broken = plan();
  broken.sites[kYield].file_offset = 1ull << 40;  // beyond the file
  auto config = testing::fake_config();
  const auto self = capture_->add_target(::getpid(), kOwnExecutable, config, broken, LinkScope::kShared);
  ASSERT_TRUE(self);
  // The same file with another plan has no part in those links.
  EXPECT_FALSE(capture_->shared_links(add(sibling.pid())));
  set(*self, kBlock);
  EXPECT_FALSE(capture_->set_groups(*self, kBlock | kRun));
  EXPECT_EQ(capture_->groups(*self), kBlock);
  hit(kPark, {.arg0 = g_});
  EXPECT_THAT(drain(), UnorderedElementsAre(Pair(*self, 1)));
}

TEST_P(SharedLinksTest, ATargetThatExecutesItsFileAnewIsNoTargetAnyMore) {
  Sibling sibling;
  const TargetId self = add(::getpid()), other = add(sibling.pid());
  set(self, kBlock);
  set(other, kBlock);
  sibling.hit(kPark, 1, g_);
  EXPECT_THAT(drain(), UnorderedElementsAre(Pair(other, 1)));
  sibling.exec();
  sibling.hit(kPark, 3, g_);
  EXPECT_THAT(drain(), IsEmpty());
  EXPECT_EQ(park(other).hits, 1u);
  EXPECT_EQ(others_hits(self), 3u);
  capture_->remove_target(other);
  const TargetId anew = add(sibling.pid());
  set(anew, kBlock);
  sibling.hit(kPark, 2, g_);  // its g cannot be read: a drop is counted, which is the new target's
  EXPECT_EQ(capture_->counters(anew).produced, 2u);
  EXPECT_EQ(capture_->dropped(anew), 2u);
  EXPECT_EQ(others_hits(self), 3u);
}

// One process goes out of and into the same slot and never stops to hit; the other one keeps the link on.
TEST_P(SharedLinksTest, NoRecordOfASlotsFormerOwnerIsTakenForTheNextOnes) {
  Sibling sibling;
  const TargetId other = add(sibling.pid());
  set(other, kBlock);
  std::atomic_ref<std::uint64_t> goid(gp_.g.at<std::uint64_t>(152));
  std::map<TargetId, std::pair<std::uint64_t, std::uint64_t>> goids_of;  // first, last
  std::map<TargetId, std::uint64_t> received;
  const auto drain_all = [&] {
    capture_->drain([&](unsigned, const gt_record& r) {
      const auto known = goids_of.find(target_of(r));
      ASSERT_NE(known, goids_of.end()) << "a record of nobody";
      EXPECT_GE(r.goid, known->second.first);
      EXPECT_LE(r.goid, known->second.second);
      ++received[target_of(r)];
    });
  };
  std::jthread load([&](std::stop_token stop) {
    while (!stop.stop_requested()) hit(kPark, {.arg0 = g_});
  });
  auto config = testing::fake_config();
  std::map<TargetId, CaptureCounters> at_end;
  for (std::uint64_t owner = 1; owner <= 12; ++owner) {
    goid.store(owner * 1000);
    auto target = capture_->add_target(::getpid(), kOwnExecutable, config, plan(), LinkScope::kShared);
    for (int i = 0; !target && i < 4; ++i) {
      drain_all();
      target = capture_->add_target(::getpid(), kOwnExecutable, config, plan(), LinkScope::kShared);
    }
    ASSERT_TRUE(target) << target.error().message;
    goids_of[*target] = {owner * 1000, owner * 1000 + 1};
    set(*target, kBlock);
    while (capture_->counters(*target).produced < 200) std::this_thread::yield();
    goid.store(owner * 1000 + 1);
    set(*target, 0);
    at_end[*target] = capture_->counters(*target);
    capture_->remove_target(*target);
  }
  load.request_stop();
  load.join();
  drain_all();
  EXPECT_EQ(goids_of.size(), 12u) << "generations are each their own";
  for (const auto& [target, counters] : at_end)
    EXPECT_NEAR(static_cast<double>(received[target] + counters.dropped_total()),
                static_cast<double>(counters.produced), 1)
        << "at most the hit that was under way";
}

INSTANTIATE_TEST_SUITE_P(Modes, SharedLinksTest,
                         ::testing::Values(AttachMode::kUprobeMulti, AttachMode::kPerfEventCookie),
                         [](const auto& tested) {
                           return tested.param == AttachMode::kUprobeMulti ? "UprobeMulti"
                                                                           : "PerfEventCookie";
                         });

// The key of the map of addresses names a process: a link has no room for others.
TEST(SharedLinksByIp, AreEachTargetsOwn) {
  CaptureOptions options;
  options.force_mode = AttachMode::kPerfEventIp;
  options.groups = kBlock;
  auto capture = Capture::make(options);
  ASSERT_TRUE(capture) << capture.error().message;
  const auto self =
      (*capture)->add_target(::getpid(), kOwnExecutable, testing::fake_config(), plan(), LinkScope::kShared);
  ASSERT_TRUE(self);
  EXPECT_FALSE((*capture)->shared_links(*self));
  ASSERT_TRUE((*capture)->set_groups(*self, kBlock));
  FakeGoroutine gp(42, 3, 0x401000);
  hit(kPark, {.arg0 = gp.g.address()});
  int records = 0;
  (*capture)->drain([&](unsigned, const gt_record&) { ++records; });
  EXPECT_EQ(records, 1);
}

}  // namespace
}  // namespace gorotrace
