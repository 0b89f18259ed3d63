#include "export/timeline.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "capture_items.h"

namespace gorotrace {
namespace {

using export_test::CaptureItems;
using export_test::kTarget;
using Lines = std::vector<std::string>;

// What it is told, a line each.
class Told : public TimelineVisitor {
 public:
  Lines lines;

  Status begins(std::uint64_t at) override { return line(fmt::format("{} begins", at)); }
  Status stands(const StandingGoroutine& g) override {
    return line(
        fmt::format("G{} stands {} {}{}", g.goid, name_of(g.state), g.tid, g.reason.empty() ? "" : " ") +
        std::string(g.reason));
  }
  Status step(const Step& s) override {
    static constexpr std::array kNames{"created",
                                       "created blocked",
                                       "created on thread",
                                       "blocks",
                                       "unblocked",
                                       "starts",
                                       "stops",
                                       "syscall",
                                       "left",
                                       "syscall end",
                                       "syscall end blocked",
                                       "ends",
                                       "ends on thread",
                                       "stops the world",
                                       "starts the world",
                                       "collection stands",
                                       "collection begins",
                                       "collection ends",
                                       "panics",
                                       "dies"};
    std::string text =
        fmt::format("{} G{} {} on {}", s.at_ns, s.goid, kNames[static_cast<std::size_t>(s.kind)], s.tid);
    if (s.other != 0) text += fmt::format(" by G{}", s.other);
    if (!s.reason.empty()) text += " " + std::string(s.reason);
    return line(text);
  }
  Status ends(std::uint64_t at, std::uint64_t lost) override {
    return line(fmt::format("{} ends, {} lost", at, lost));
  }

 private:
  Status line(std::string text) {
    lines.push_back(std::move(text));
    return {};
  }
};

Lines told(const CaptureItems& of) {
  Told visitor;
  Timeline timeline(kTarget, visitor);
  EXPECT_TRUE(of.give(timeline));
  EXPECT_TRUE(timeline.finish());
  return visitor.lines;
}

TEST(Timeline, ALifeFromItsCreationToItsEnd) {
  CaptureItems c;
  c.begin().groups(100, true);
  c.by(110, GT_HOOK_CREATE, 7, 1, 3);
  c.record(120, GT_HOOK_EXECUTE, 7, 2).park(130, 7, 2).by(140, GT_HOOK_READY, 7, 1, 3);
  c.record(150, GT_HOOK_EXECUTE, 7, 2).record(160, GT_HOOK_EXIT, 7, 2);
  EXPECT_EQ(told(c),
            (Lines{"100 begins", "G3 stands running 1", "110 G7 created on 1 by G3", "120 G7 starts on 2",
                   "130 G7 blocks on 2 chan receive", "140 G7 unblocked on 1 by G3", "150 G7 starts on 2",
                   "160 G7 ends on 2", "160 ends, 0 lost"}));
}

TEST(Timeline, WhatIsKnownOnlyNowHasBeenSoAllTheTime) {
  CaptureItems c;
  c.begin().groups(100, true);
  c.by(110, GT_HOOK_READY, 4, 1, 0);          // waited
  c.record(120, GT_HOOK_SYSCALL_EXIT, 5, 2);  // was in a system call
  c.record(130, GT_HOOK_SYSCALL_ENTER, 5, 2);
  c.look(105, 140,
         {{4, GStatus::kWaiting}, {5, GStatus::kRunning}, {6, GStatus::kWaiting}, {8, GStatus::kDead}});
  EXPECT_EQ(told(c), (Lines{"100 begins", "G4 stands waiting 0", "110 G4 unblocked on 1",
                            "G5 stands syscall 2", "120 G5 left on 2", "120 G5 syscall end on 2",
                            "130 G5 syscall on 2", "G6 stands waiting 0 sleep", "130 ends, 0 lost"}));
}

TEST(Timeline, ASystemCallEndsAsTheNextEventSays) {
  CaptureItems c;
  c.begin().groups(100, true);
  c.record(110, GT_HOOK_SYSCALL_ENTER, 5, 2).record(120, GT_HOOK_SYSCALL_EXIT, 5, 2);
  c.record(121, GT_HOOK_SYSCALL_EXIT_SLOW, 5, 2).record(130, GT_HOOK_EXECUTE, 5, 3);
  EXPECT_EQ(told(c), (Lines{"100 begins", "G5 stands running 2", "110 G5 syscall on 2", "120 G5 left on 2",
                            "120 G5 syscall end blocked on 2", "130 G5 starts on 3", "130 ends, 0 lost"}));
}

TEST(Timeline, LossesAndGroupsThatGoEndAStretch) {
  CaptureItems c;
  c.begin().groups(100, true);
  c.park(110, 5, 2);
  c.tell(115, Loss{.to_ns = 125, .count = 3});
  c.by(120, GT_HOOK_READY, 5, 1, 0);  // may stand for one that is lost
  c.record(130, GT_HOOK_EXECUTE, 5, 2);
  c.groups(140, false, {GT_GROUP_RUN})
      .park(145, 5, 2)
      .groups(150, true, {GT_GROUP_RUN})
      .by(160, GT_HOOK_READY, 5, 1, 0);
  EXPECT_EQ(told(c),
            (Lines{"100 begins", "G5 stands running 2", "110 G5 blocks on 2 chan receive", "115 ends, 3 lost",
                   "125 begins", "G5 stands runnable 0", "130 G5 starts on 2", "140 ends, 3 lost",
                   "150 begins", "G5 stands waiting 0", "160 G5 unblocked on 1", "160 ends, 3 lost"}));
}

TEST(Timeline, CoroutinesAndGoroutinesOfCThreads) {
  CaptureItems c;
  c.begin().groups(100, true);
  c.by(110, GT_HOOK_CREATE_CORO, 9, 1, 3);
  c.record(120, GT_HOOK_CORO_OUT, 3, 1).record(121, GT_HOOK_CORO_IN, 9, 1);
  gt_record ends{};
  ends.flags = GT_REC_ENDS;
  c.record(130, GT_HOOK_CORO_OUT, 9, 1, ends).record(131, GT_HOOK_CORO_IN, 3, 1);
  c.record(140, GT_HOOK_EXTRA_IN, 17, 5).record(141, GT_HOOK_SYSCALL_EXIT, 17, 5);
  c.record(150, GT_HOOK_SYSCALL_ENTER, 17, 5).record(151, GT_HOOK_EXTRA_OUT, 17, 5);
  EXPECT_EQ(told(c),
            (Lines{"100 begins", "G3 stands running 1", "110 G9 created blocked on 1 by G3 coroutine",
                   "120 G3 blocks on 1 coroutine", "121 G9 unblocked on 1", "121 G9 starts on 1",
                   "130 G9 ends on 1", "131 G3 unblocked on 1", "131 G3 starts on 1",
                   "140 G17 created on thread on 5", "141 G17 left on 5", "141 G17 syscall end on 5",
                   "150 G17 syscall on 5", "151 G17 ends on thread on 5", "151 ends, 0 lost"}));
}

TEST(Timeline, PanicsAndWhatEndsTheProcessChangeNoState) {
  EXPECT_EQ(told(CaptureItems().panics()),
            (Lines{"100 begins", "G3 stands running 1", "110 G3 panics on 1 panic: main.T \"no\"",
                   "111 G3 panics on 1 recovered", "G5 stands running 2", "120 G5 blocks on 2 chan receive",
                   "130 G5 dies on 2 fatal error: main.T \"no\"", "140 G0 dies on 2 ended: killed by SIGKILL",
                   "140 ends, 0 lost"}));
}

TEST(Timeline, AFileWithoutAGroupIsRefusedWithTheCommandThatHasIt) {
  CaptureItems c;
  c.begin().groups(100, true, {GT_GROUP_LIFECYCLE, GT_GROUP_BLOCK}).park(110, 5, 2);
  Told visitor;
  Timeline timeline(kTarget, visitor);
  ASSERT_TRUE(c.give(timeline));
  const Status done = timeline.finish();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::kUnsupported);
  EXPECT_NE(done.error().message.find("has no run, syscall"), std::string::npos) << done.error().message;
  EXPECT_NE(done.error().message.find("record -p 42 --probes lifecycle,block,run,syscall"), std::string::npos)
      << done.error().message;
  EXPECT_TRUE(visitor.lines.empty());
}

TEST(Timeline, BehindAGapItGoesOnFromTheCheckpoint) {
  CaptureItems c;
  c.begin().groups(100, true).park(110, 5, 2);
  Told visitor;
  Timeline timeline(kTarget, visitor);
  ASSERT_TRUE(c.give(timeline));
  ASSERT_TRUE(timeline.gap());
  CheckpointTold told{.target = kTarget, .checkpoint = {}};
  OpenState& open = told.checkpoint.model;
  open.at_ns = 200;
  for (OpenState::Group& g : open.groups) g = {.on = true, .since_ns = 100};
  OpenGoroutine runs, unknown;
  runs.goid = 5;
  runs.state = GState::kRunning;
  unknown.goid = 6;
  open.goroutines = {runs, unknown};
  ASSERT_TRUE(timeline.take(told));
  CaptureItems rest;
  rest.park(210, 5, 3).record(220, GT_HOOK_EXECUTE, 6, 3);
  ASSERT_TRUE(rest.give(timeline));
  ASSERT_TRUE(timeline.finish());
  EXPECT_EQ(visitor.lines,
            (Lines{"100 begins", "G5 stands running 2", "110 G5 blocks on 2 chan receive", "110 ends, 0 lost",
                   "200 begins", "G5 stands running 0", "210 G5 blocks on 3 chan receive",
                   "G6 stands runnable 0", "220 G6 starts on 3", "220 ends, 0 lost"}));
}

}  // namespace
}  // namespace gorotrace
