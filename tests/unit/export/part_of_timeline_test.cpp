// A part of a timeline: what it begins with, and that nothing outside of it is told.
#include "export/part_of_timeline.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "capture_items.h"

namespace gorotrace::export_test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// What is told, a line each, times in ms.
class PartTold : public TimelineVisitor {
 public:
  std::vector<std::string> lines;

  Status begins(std::uint64_t at_ns) override { return say("begins", at_ns); }
  Status stands(const StandingGoroutine& s) override {
    lines.push_back("goroutine " + std::to_string(s.goid) + " stands " + name_of(s.state) +
                    (s.reason.empty() ? "" : ", " + std::string(s.reason)) +
                    (s.stack == 0 ? "" : ", stack " + std::to_string(s.stack)) +
                    (s.tid == 0 ? "" : ", thread " + std::to_string(s.tid)));
    return {};
  }
  Status step(const Step& s) override {
    return say("goroutine " + std::to_string(s.goid) + " step " + std::to_string(static_cast<int>(s.kind)),
               s.at_ns);
  }
  Status ends(std::uint64_t at_ns, std::uint64_t) override { return say("ends", at_ns); }

 private:
  Status say(const std::string& what, std::uint64_t at_ns) {
    lines.push_back(what + " at " + std::to_string(at_ns / 1'000'000));
    return {};
  }
};

constexpr std::uint64_t ms(std::uint64_t n) {
  return n * 1'000'000;
}

std::string step(std::uint64_t goid, StepKind kind, std::uint64_t at) {
  return "goroutine " + std::to_string(goid) + " step " + std::to_string(static_cast<int>(kind)) + " at " +
         std::to_string(at);
}

struct PartTest : testing::Test {
  CaptureItems x;
  PartTold told;

  Status play(const TracePart& wanted) {
    PartOfTimeline part(wanted, told);
    Timeline timeline(kTarget, part);
    if (auto given = x.give(timeline); !given) return given;
    if (auto done = timeline.finish(); !done) return done;
    return part.finish();
  }
};

TEST_F(PartTest, begins_with_the_state_of_all_and_ends_before_what_is_later) {
  x.begin().groups(ms(1), true);
  x.record(ms(2), GT_HOOK_EXECUTE, 1, 11);
  x.by(ms(3), GT_HOOK_CREATE, 2, 11, 1);
  x.park(ms(4), 1, 11, kChanReceive, 77);
  x.record(ms(5), GT_HOOK_EXECUTE, 2, 12);
  x.by(ms(6), GT_HOOK_CREATE, 3, 12, 2);
  x.by(ms(12), GT_HOOK_READY, 1, 12, 2);
  x.record(ms(20), GT_HOOK_EXECUTE, 1, 11);
  ASSERT_TRUE(play({ms(10), ms(20)}));
  EXPECT_THAT(told.lines, ElementsAre("begins at 10", "goroutine 1 stands waiting, chan receive, stack 77",
                                      "goroutine 2 stands running, thread 12", "goroutine 3 stands runnable",
                                      step(1, StepKind::kUnblock, 12), "ends at 20"));
}

TEST_F(PartTest, without_events_still_has_who_stands) {
  x.begin().groups(ms(1), true);
  x.record(ms(2), GT_HOOK_EXECUTE, 1, 11);
  x.park(ms(4), 1, 11, kSleep);
  x.record(ms(5), GT_HOOK_EXECUTE, 2, 11);
  x.record(ms(6), GT_HOOK_EXIT, 2, 11);
  x.by(ms(30), GT_HOOK_READY, 1, 11, 0);
  ASSERT_TRUE(play({ms(10), ms(20)}));
  EXPECT_THAT(told.lines, ElementsAre("begins at 10", "goroutine 1 stands waiting, sleep", "ends at 20"));
}

TEST_F(PartTest, a_system_call_that_was_over_is_told_as_of_the_begin) {
  x.begin().groups(ms(1), true);
  x.record(ms(2), GT_HOOK_EXECUTE, 1, 11);
  x.record(ms(3), GT_HOOK_SYSCALL_ENTER, 1, 11);
  x.record(ms(4), GT_HOOK_SYSCALL_EXIT, 1, 11);
  x.record(ms(11), GT_HOOK_EXECUTE, 2, 12);
  x.park(ms(12), 1, 11);
  ASSERT_TRUE(play({ms(10), kEndOfTime}));
  EXPECT_THAT(told.lines, ElementsAre("begins at 10", "goroutine 1 stands syscall, thread 11",
                                      step(1, StepKind::kSyscallLeft, 10), "goroutine 2 stands runnable",
                                      step(2, StepKind::kStart, 11), step(1, StepKind::kSyscallEnd, 10),
                                      step(1, StepKind::kBlock, 12), "ends at 12"));
}

TEST_F(PartTest, the_whole_is_told_as_it_is) {
  x.begin().groups(ms(1), true);
  x.record(ms(2), GT_HOOK_EXECUTE, 1, 11);
  ASSERT_TRUE(play({}));
  EXPECT_THAT(told.lines, ElementsAre("begins at 1", "goroutine 1 stands runnable",
                                      step(1, StepKind::kStart, 2), "ends at 2"));
}

TEST_F(PartTest, behind_or_before_everything_is_refused) {
  x.begin().groups(ms(5), true);
  x.record(ms(6), GT_HOOK_EXECUTE, 1, 11);
  for (const TracePart& wanted : {TracePart{ms(10), ms(20)}, TracePart{0, ms(5)}}) {
    const Status done = play(wanted);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind, ErrorKind::kUsage);
    EXPECT_THAT(told.lines, IsEmpty());
  }
}

}  // namespace
}  // namespace gorotrace::export_test
