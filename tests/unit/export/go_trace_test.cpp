#include "export/go_trace.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <random>

#include "capture_items.h"
#include "decoded_trace.h"
#include "export/go_trace_file.h"
#include "trace_order.h"

namespace gorotrace {
namespace {

using export_test::CaptureItems;
using export_test::Decoded;
using export_test::decoded;
using export_test::kTarget;
using Lines = std::vector<std::string>;

struct Written {
  std::vector<std::string> files;
  std::vector<bool> closed;
  Result<TraceFigures> figures;
  [[nodiscard]] Decoded at(std::size_t n) const {
    Decoded file = decoded(files.at(n));
    EXPECT_EQ(file.wrong, "");
    return file;
  }
};

Written written(const CaptureItems& of, const GoTraceOptions& options = {}) {
  Written out;
  GoTraceExport exported(kTarget, options,
                         {.open = [&](std::size_t n) -> Result<TextSink> {
                            EXPECT_EQ(n, out.files.size());
                            out.files.emplace_back();
                            out.closed.push_back(false);
                            return [&out, n](std::string_view text) { out.files[n] += text; };
                          },
                          .close = [&](std::size_t n) -> Status {
                            EXPECT_FALSE(out.closed[n]);
                            out.closed[n] = true;
                            return {};
                          }});
  EXPECT_TRUE(of.give(exported));
  out.figures = exported.finish();
  EXPECT_TRUE(std::ranges::all_of(out.closed, std::identity()));
  return out;
}

TEST(GoTrace, BatchesAreSmallEnoughAndOfEachThreadInOrder) {
  std::string bytes;
  GoTraceFile file([&](std::string_view text) { bytes += text; }, 22, 1000, {});
  const std::size_t one = file.thread(1), other = file.thread(2);
  for (std::uint64_t i = 0; i < 40'000; ++i) {
    file.event(one, 2000 + i, GoEvent::kGoStart, {i, 1});
    file.event(other, 50'000 - i, GoEvent::kGoDestroy, {});  // late
  }
  std::vector<GoTraceFile::StackFrame> deep(500, {.pc = 1, .function = 1, .file = 1, .line = 1});
  for (std::uint64_t i = 1; i < 1000; ++i) file.stack(i, deep);
  file.string(1, std::string(5000, 'x'));
  file.finish();
  const Decoded d = decoded(bytes);
  EXPECT_EQ(d.header, std::string("go 1.22 trace\0\0\0", 16));
  EXPECT_LE(d.largest, GoTraceFile::kMaxBatch);
  EXPECT_GT(d.batches, 6u);
  ASSERT_EQ(d.threads.at("1").size(), 40'000u);
  EXPECT_EQ(d.threads.at("1").back(), "41999 GoStart 39999 1");
  EXPECT_EQ(d.threads.at("2").back(), "50000 GoDestroy");
  EXPECT_EQ(d.strings.at(1).size(), 1024u);
  EXPECT_EQ(std::ranges::count(d.stacks.at(999), ';'), 127);
}

TEST(GoTrace, PsAreMadeUpAndSequencesCount) {
  CaptureItems c;
  c.begin().groups(100, true);
  c.by(110, GT_HOOK_CREATE, 7, 1, 3).record(120, GT_HOOK_EXECUTE, 7, 2).park(130, 7, 2);
  c.by(140, GT_HOOK_READY, 7, 1, 3).record(150, GT_HOOK_EXECUTE, 7, 5).record(160, GT_HOOK_EXIT, 7, 5);
  c.name(0x1000, "main.worker", PcKind::kExact);
  const Written w = written(c);
  ASSERT_EQ(w.files.size(), 1u);
  const Decoded d = w.at(0);
  EXPECT_EQ(d.threads.at("1"),
            (Lines{"100 ProcStatus 0 1", "100 GoStatus 3 1 2", "110 GoCreate 7 1 0", "140 GoUnblock 7 2 0"}));
  EXPECT_EQ(d.threads.at("2"), (Lines{"120 ProcStatus 1 2", "120 ProcStart 1 1", "120 GoStart 7 1",
                                      "130 GoBlock 1 0", "130 ProcStop"}));
  EXPECT_EQ(d.threads.at("5"), (Lines{"150 ProcStart 1 2", "150 GoStart 7 3", "160 GoDestroy"}));
  EXPECT_EQ(d.strings.at(1), "chan receive");
  EXPECT_EQ(d.strings.at(std::stoull(d.stacks.at(1))), "main.worker");
  EXPECT_EQ(w.figures->events, 6u);
}

TEST(GoTrace, ShortSystemCallsKeepTheirPAndOthersLoseIt) {
  CaptureItems c;
  c.begin().groups(100, true);
  c.record(110, GT_HOOK_SYSCALL_ENTER, 5, 2)
      .record(120, GT_HOOK_SYSCALL_EXIT, 5, 2)
      .record(130, GT_HOOK_SYSCALL_ENTER, 5, 2);
  c.record(140, GT_HOOK_EXECUTE, 6, 3);  // takes the P of the thread in its system call
  c.record(150, GT_HOOK_SYSCALL_EXIT, 5, 2)
      .record(151, GT_HOOK_SYSCALL_EXIT_SLOW, 5, 2)
      .record(160, GT_HOOK_EXECUTE, 5, 2);
  const Decoded d = written(c).at(0);
  EXPECT_EQ(d.threads.at("2"), (Lines{"100 ProcStatus 0 1", "100 GoStatus 5 2 2", "110 GoSyscallBegin 1 0",
                                      "120 GoSyscallEnd", "130 GoSyscallBegin 2 0", "150 GoSyscallEndBlocked",
                                      "160 ProcStatus 1 2", "160 ProcStart 1 1", "160 GoStart 5 1"}));
  EXPECT_EQ(d.threads.at("3"), (Lines{"140 ProcSteal 0 3 2", "140 ProcStart 0 4", "140 GoStart 6 1"}));
}

// A call that is over keeps its P, though its goroutine has not shown since how it ended.
TEST(GoTrace, ACallThatIsOverIsNotRobbed) {
  CaptureItems c;
  c.begin().groups(100, true);
  c.record(110, GT_HOOK_SYSCALL_ENTER, 5, 2).record(120, GT_HOOK_SYSCALL_EXIT, 5, 2);
  c.record(140, GT_HOOK_EXECUTE, 6, 3).park(190, 5, 2);
  const Decoded d = written(c).at(0);
  EXPECT_EQ(d.threads.at("2"), (Lines{"100 ProcStatus 0 1", "100 GoStatus 5 2 2", "110 GoSyscallBegin 1 0",
                                      "120 GoSyscallEnd", "190 GoBlock 1 0"}));
}

TEST(GoTrace, StatesThatDoNotFollowAreRepaired) {
  CaptureItems c;
  c.begin().groups(100, true);
  c.record(110, GT_HOOK_EXECUTE, 5, 2);
  c.record(120, GT_HOOK_EXECUTE, 6, 2);  // 5 left its thread unseen
  c.record(130, GT_HOOK_EXECUTE, 6, 3);  // and 6 moved
  c.by(140, GT_HOOK_READY, 6, 4, 0);     // its wait went unseen
  c.record(150, GT_HOOK_EXIT, 6, 2);     // it runs
  c.by(160, GT_HOOK_CREATE, 5, 2, 6);    // is there already
  const Decoded d = written(c).at(0);
  EXPECT_EQ(d.threads.at("2"), (Lines{"110 ProcStatus 0 2", "110 ProcStart 0 1", "110 GoStart 5 1",
                                      "110 GoStop 1 0", "120 GoStart 6 1", "120 GoStop 1 0", "120 ProcStop",
                                      "150 ProcStart 0 3", "150 GoStart 6 3", "150 GoDestroy"}));
}

TEST(GoTrace, EachSliceIsCompleteInItself) {
  CaptureItems c;
  c.begin().groups(100, true).stack(77, {{0x5000, "main.f"}});
  c.by(110, GT_HOOK_CREATE, 7, 1, 3)
      .record(120, GT_HOOK_EXECUTE, 7, 2)
      .park(130, 7, 2, export_test::kChanReceive, 77);
  c.record(140, GT_HOOK_SYSCALL_ENTER, 3, 1);
  c.record(150, GT_HOOK_SYSCALL_EXIT, 3, 1).by(160, GT_HOOK_READY, 7, 1, 3);
  const Written w = written(c, {.version = 23, .events_per_file = 4});
  ASSERT_EQ(w.files.size(), 2u);
  const Decoded d = w.at(1);
  EXPECT_EQ(d.threads.at("-"), (Lines{"140 GoStatusStack 7 - 4 1"}));
  EXPECT_EQ(d.threads.at("1"),
            (Lines{"140 ProcStatus 0 3", "140 GoStatus 3 1 3", "150 GoSyscallEnd", "160 GoUnblock 7 1 0"}));
  EXPECT_EQ(d.strings.at(std::stoull(d.stacks.at(1))), "main.f");
}

TEST(GoTrace, ALossBeginsAnotherFile) {
  CaptureItems c;
  c.begin().groups(100, true).park(110, 5, 2).tell(115, Loss{.to_ns = 125, .count = 3}).park(130, 5, 2);
  const Written w = written(c);
  ASSERT_EQ(w.files.size(), 2u);
  EXPECT_EQ(w.at(1).threads.at("2"), (Lines{"125 ProcStatus 0 1", "125 GoStatus 5 2 2", "130 GoBlock 1 0"}));
  EXPECT_EQ(w.figures->lost, 3u);
}

// The groups came on in the middle of what a small ring could not hold.
TEST(GoTrace, WhatALossEndsBeforeAnythingCameIsNoFile) {
  CaptureItems c;
  c.begin().groups(100, true).tell(115, Loss{.to_ns = 125, .count = 3}).park(130, 5, 2);
  const Written w = written(c);
  ASSERT_EQ(w.files.size(), 1u);
  EXPECT_EQ(w.at(0).threads.at("2"), (Lines{"125 ProcStatus 0 1", "125 GoStatus 5 2 2", "130 GoBlock 1 0"}));
  EXPECT_EQ(w.figures->lost, 3u);
}

TEST(GoTrace, EachFileHasEvents) {
  for (const gt_hook hook : {GT_HOOK_PARK, GT_HOOK_READY, GT_HOOK_EXECUTE, GT_HOOK_EXIT, GT_HOOK_CREATE,
                             GT_HOOK_SYSCALL_ENTER, GT_HOOK_SYSCALL_EXIT}) {
    for (const std::uint64_t goid : {5u, 9u}) {
      for (const std::uint64_t other : {0u, 5u, 8u}) {
        CaptureItems c;
        c.begin().groups(100, true).park(110, 5, 2).tell(115, Loss{.to_ns = 125, .count = 3});
        c.by(126, hook, goid, 2, other).tell(127, Loss{.to_ns = 128, .count = 3}).park(130, 5, 2);
        const Written w = written(c);
        for (std::size_t n = 0; n < w.files.size(); ++n)
          EXPECT_FALSE(w.at(n).threads.empty())
              << name_of(hook) << " of " << goid << " by " << other << ", file " << n;
      }
    }
  }
}

TEST(GoTrace, OfNothingThereIsOneFile) {
  CaptureItems c;
  c.begin().groups(100, true);
  const Written w = written(c);
  ASSERT_EQ(w.files.size(), 1u);
  EXPECT_TRUE(w.at(0).threads.empty());
}

TEST(GoTrace, NamesThatComeBehindTheirEventsAreInAllTheSame) {
  CaptureItems c;
  c.begin().groups(100, true);
  auto pcs = std::make_shared<StackPcs>();
  pcs->pcs = {0x5000};
  c.tell(0, StackDefined{.id = 77, .stack = pcs}).park(110, 5, 2, export_test::kChanReceive, 77);
  c.tell(115, Loss{.to_ns = 125, .count = 1}).park(130, 5, 2).name(0x5000, "main.f");
  const Written w = written(c);
  ASSERT_EQ(w.files.size(), 2u);
  EXPECT_EQ(w.at(0).strings.at(std::stoull(w.at(0).stacks.at(1))), "main.f");
}

TEST(GoTrace, StacksAreAsTheRuntimeShowsThem) {
  CaptureItems c;
  c.begin().groups(100, true);
  c.stack(77, {{0x1, "runtime.gopark"},
               {0x2, "runtime.chanrecv"},
               {0x3, "runtime.chanrecv1"},
               {0x4, "main.main"},
               {0x5, "runtime.main"},
               {0x6, "runtime.goexit"}});
  c.stack(78, {{0x7, "runtime.Gosched"}, {0x4, "main.main"}});
  gt_record yields{};
  yields.stack = 78;
  c.park(110, 1, 2, export_test::kChanReceive, 77).record(120, GT_HOOK_EXECUTE, 1, 2);
  c.record(130, GT_HOOK_YIELD, 1, 2, yields);
  const Decoded d = written(c).at(0);
  std::string stack, number;
  for (const char digit : d.stacks.at(1) + ";") {
    if (digit != ';') {
      number += digit;
    } else {
      stack += d.strings.at(std::stoull(number)) + " ";
      number.clear();
    }
  }
  EXPECT_EQ(stack, "runtime.chanrecv1 main.main ");
  EXPECT_TRUE(std::ranges::any_of(d.strings, [](const auto& s) { return s.second == "runtime.Gosched"; }));
}

TEST(GoTrace, PausesAreRangesOfWhoStopsTheWorld) {
  CaptureItems c;
  c.begin().groups(100, true).groups(100, true, {GT_GROUP_GC});
  gt_record reads{};
  reads.detail = 7;
  c.record(110, GT_HOOK_STW_BEGIN, 3, 1, reads).record(120, GT_HOOK_STW_END, 3, 1);
  c.record(130, GT_HOOK_GC_BEGIN, 3, 1).record(140, GT_HOOK_GC_END, 5, 2);
  const Decoded d = written(c).at(0);
  EXPECT_EQ(d.threads.at("1"), (Lines{"100 ProcStatus 0 1", "100 GoStatus 3 1 2", "110 STWBegin 1 0",
                                      "120 STWEnd", "130 GCBegin 1 0"}));
  EXPECT_EQ(d.threads.at("2"), (Lines{"100 ProcStatus 1 1", "100 GoStatus 5 2 2", "140 GCEnd 2"}));
  EXPECT_EQ(d.strings.at(1), "read mem stats");
}

// Up to Go 1.20 no reason is told: what a collection's pauses are for is known by where they lie.
TEST(GoTrace, AReasonMayComeWithTheEndOfAPause) {
  CaptureItems c;
  c.begin().groups(100, true).groups(100, true, {GT_GROUP_GC});
  gt_record none{};
  none.detail = GT_NO_REASON;
  const auto pause = [&](std::uint64_t at) {
    c.record(at, GT_HOOK_STW_BEGIN, 3, 1, none).record(at + 9, GT_HOOK_STW_END, 3, 1);
  };
  c.record(110, GT_HOOK_GC_BEGIN, 3, 1);
  pause(120);
  pause(140);
  c.record(150, GT_HOOK_STW_BEGIN, 3, 1, none).record(155, GT_HOOK_GC_END, 3, 1);
  c.record(159, GT_HOOK_STW_END, 3, 1);
  const Decoded d = written(c).at(0);
  std::vector<std::string> reasons;
  for (const std::string& line : d.threads.at("1")) {
    if (const auto at = line.find("STWBegin "); at != std::string::npos)
      reasons.push_back(d.strings.at(std::stoull(line.substr(at + 9))));
  }
  EXPECT_EQ(reasons, (std::vector<std::string>{"GC sweep termination", "unknown", "GC mark termination"}));
}

TEST(GoTrace, WhatGoesOnWhereAFileBeginsStandsThere) {
  CaptureItems c;
  c.begin().groups(100, true).groups(100, true, {GT_GROUP_GC});
  c.record(110, GT_HOOK_GC_END, 3, 1);  // it has gone on since before
  c.record(120, GT_HOOK_GC_BEGIN, 3, 1).record(130, GT_HOOK_STW_BEGIN, 3, 1);
  c.park(140, 5, 2).record(150, GT_HOOK_STW_END, 3, 1).record(160, GT_HOOK_GC_END, 3, 1);
  const Written w = written(c, {.events_per_file = 1});
  ASSERT_EQ(w.files.size(), 2u);
  EXPECT_EQ(w.at(0).threads.at("-"), (Lines{"100 GCActive 1"}));
  EXPECT_EQ(w.at(0).threads.at("1"), (Lines{"100 ProcStatus 0 1", "100 GoStatus 3 1 2", "110 GCEnd 2",
                                            "120 GCBegin 3 0", "130 STWBegin 1 0"}));
  const Decoded second = w.at(1);
  const Lines& next = second.threads.at("1");
  EXPECT_EQ(second.threads.at("-").back(), "140 GCActive 1");
  EXPECT_EQ(next, (Lines{"140 ProcStatus 0 1", "140 GoStatus 3 1 2", "140 STWBegin 1 0", "150 STWEnd",
                         "160 GCEnd 2"}));
}

TEST(GoTrace, APauseOfWhichTheEndIsNotSeenEndsWithItsGroup) {
  CaptureItems c;
  c.begin().groups(100, true).groups(100, true, {GT_GROUP_GC});
  c.record(110, GT_HOOK_GC_BEGIN, 3, 1).record(120, GT_HOOK_STW_BEGIN, 3, 1);
  c.groups(130, false, {GT_GROUP_GC}).park(140, 3, 1);
  EXPECT_EQ(written(c).at(0).threads.at("1"),
            (Lines{"100 ProcStatus 0 1", "100 GoStatus 3 1 2", "110 GCBegin 1 0", "120 STWBegin 1 0",
                   "130 STWEnd", "131 GCEnd 2", "140 GoBlock 2 0"}));
}

// Messages of who runs alone: goroutine 5 waits when the runtime throws on its thread.
TEST(GoTrace, PanicsAreMessagesOfTheLog) {
  const Decoded d = written(CaptureItems().panics()).at(0);
  EXPECT_EQ(d.threads.at("1"), (Lines{"100 ProcStatus 0 1", "100 GoStatus 3 1 2", "110 UserLog 0 1 2 0",
                                      "111 UserLog 0 1 3 0"}));
  EXPECT_EQ(d.threads.at("2"), (Lines{"100 ProcStatus 1 1", "100 GoStatus 5 2 2", "120 GoBlock 4 0"}));
  EXPECT_EQ(d.strings.at(1), "panic");
  EXPECT_EQ(d.strings.at(2), "panic: main.T \"no\"");
  EXPECT_EQ(d.strings.at(3), "recovered");
}

// Whatever a file says, also when nothing of it fits: each reader takes what is made of it.
TEST(GoTrace, WhateverComesCanBeRead) {
  constexpr std::array kHooks{
      GT_HOOK_CREATE,    GT_HOOK_CREATE_CORO,   GT_HOOK_EXIT,         GT_HOOK_CORO_OUT,
      GT_HOOK_CORO_IN,   GT_HOOK_EXTRA_IN,      GT_HOOK_EXTRA_OUT,    GT_HOOK_PARK,
      GT_HOOK_READY,     GT_HOOK_INJECT,        GT_HOOK_SUSPEND,      GT_HOOK_EXECUTE,
      GT_HOOK_YIELD,     GT_HOOK_SYSCALL_ENTER, GT_HOOK_SYSCALL_EXIT, GT_HOOK_SYSCALL_EXIT_SLOW,
      GT_HOOK_STW_BEGIN, GT_HOOK_STW_END,       GT_HOOK_GC_BEGIN,     GT_HOOK_GC_END,
      GT_HOOK_PANIC,     GT_HOOK_RECOVERED,     GT_HOOK_THROW,        GT_HOOK_EXIT_CALL};
  for (unsigned seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    const auto pick = [&](std::size_t n) { return random() % n; };
    const unsigned goroutines = 2 + static_cast<unsigned>(pick(8)), tids = 1 + static_cast<unsigned>(pick(5));
    CaptureItems c;
    c.begin().groups(100, true).groups(100, true, {GT_GROUP_PANIC});
    std::uint64_t at = 100;
    for (int i = 0; i < 400; ++i) {
      at += pick(3);
      const std::uint64_t when = pick(20) == 0 ? at - std::min<std::uint64_t>(pick(50), at) : at;
      gt_record r{};
      r.other = pick(goroutines + 1);
      r.flags = static_cast<std::uint8_t>(pick(3) | (pick(8) == 0 ? GT_REC_ENDS : 0));
      r.extra = 0x1000;
      c.record(when, kHooks[pick(kHooks.size())], 1 + pick(goroutines),
               1 + static_cast<std::uint32_t>(pick(tids)), r);
      if (pick(40) == 0) c.groups(at, pick(3) != 0, {GT_GROUP_GC});
      if (pick(150) == 0) c.tell(at, Loss{.to_ns = at + pick(40), .count = 1});
      if (pick(60) == 0) c.look(at, at + 1, {{1 + pick(goroutines), static_cast<GStatus>(1 + pick(4))}});
    }
    for (const GoTraceOptions& options :
         {GoTraceOptions{}, GoTraceOptions{.version = 23, .events_per_file = 1 + pick(60)}}) {
      const Written w = written(c, options);
      for (std::size_t n = 0; n < w.files.size(); ++n)
        ASSERT_EQ(export_test::TraceOrder::refuses(w.at(n).threads), "") << "seed " << seed << ", file " << n;
    }
  }
}

TEST(GoTrace, LaterVersionsHaveTheirFrame) {
  CaptureItems c;
  c.begin().groups(100, true).park(110, 5, 2);
  for (const unsigned version : {22u, 23u, 25u, 26u}) {
    const Written w = written(c, {.version = version});
    const Decoded d = w.at(0);
    EXPECT_EQ(d.header.substr(0, 13), fmt::format("go 1.{} trace", version));
    EXPECT_EQ(d.threads.at("2").size(), 3u);
    EXPECT_EQ(static_cast<int>(w.files[0].back()) == 52, version == 26) << version;
  }
}

}  // namespace
}  // namespace gorotrace
