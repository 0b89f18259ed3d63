#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "export/capture_formats.h"
#include "export/recorded_stacks.h"
#include "read_profile.h"

namespace gorotrace {
namespace {

using namespace testing;
using Labels = std::map<std::string, std::string>;

// A recording made by hand: functions of 0x100 bytes from 0x401000 on, loaded 0x10000 higher.
class Recorded : public Test {
 protected:
  static constexpr std::uint64_t kBias = 0x10000;

  Recorded() {
    target.facts.target.exe = target.facts.target.file = "/usr/bin/server";
    target.facts.target.host_pid = 4711;
    target.facts.begin_ns = 1'000'000'000;
    target.facts.end_ns = 3'000'000'000;
    target.facts.requested = 0b1111;
    target.facts.wait_reasons = {"",           "chan receive",      "sync.Mutex.Lock", "sleep",
                                 "semacquire", "select (no cases)", "select"};
    target.tables.covered[GT_GROUP_BLOCK] =
        target.tables.covered[GT_GROUP_LIFECYCLE] = {{1'000'000'000, 3'000'000'000}};
    target.mappings = {{0x411000, 0x500000, 0x1000, "/usr/bin/server", "cafe"}};
    target.open.emplace();
    target.open->at_ns = 3'000'000'000;
  }

  // The return address of a call in the function.
  std::uint64_t pc(const std::string& function) {
    const auto [known, fresh] = pcs_.try_emplace(function, 0x401020 + kBias + 0x100 * pcs_.size());
    if (fresh) {
      for (const PcKind kind : {PcKind::kReturnAddress, PcKind::kExact}) {
        Frame frame;
        frame.function = function;
        frame.file = "/src/f.go";
        frame.line = 7;
        frame.pc = known->second - kBias - 1;
        target.symbols.name({1, known->second, kind, {frame}});
      }
    }
    return known->second;
  }
  std::uint64_t stack(const std::vector<std::string>& functions) {
    StackPcs pcs;
    for (const std::string& f : functions) pcs.pcs.push_back(pc(f));
    const std::uint64_t id = 100 + stacks_.size();
    stacks_.emplace(id, std::make_shared<const StackPcs>(std::move(pcs)));
    target.symbols.add(NamedStacks(stacks_));
    return id;
  }
  BlockingRow& row(std::uint8_t reason, std::uint64_t stack, std::vector<std::uint64_t> waits) {
    BlockingRow row;
    row.reason = reason;
    row.stack = stack;
    for (const std::uint64_t ns : waits) {
      row.waits.add(ns);
      row.in_window_ns += ns;
    }
    target.tables.blocking.push_back(row);
    return target.tables.blocking.back();
  }
  std::string written(CaptureFormat format) {
    std::string out;
    const auto status =
        write_capture(format, target, {5'000'000'000, 2'000'000'000}, [&](std::string_view s) { out += s; });
    EXPECT_TRUE(status);
    return out;
  }
  Read profile(CaptureFormat format) { return read(gunzip(written(format))); }

  RecordedTarget target;

 private:
  std::map<std::string, std::uint64_t> pcs_;
  NamedStacks::Map stacks_{};
};

TEST_F(Recorded, BlockHasWhatBlockeventTellsOf) {
  row(1, stack({"runtime.gopark", "runtime.chanrecv", "runtime.chanrecv1", "main.f", "runtime.goexit"}),
      {5, 7});
  row(2,
      stack({"runtime.gopark", "runtime.semacquire1", "internal/sync.runtime_SemacquireMutex",
             "internal/sync.(*Mutex).lockSlow", "sync.(*Mutex).Lock", "main.g"}),
      {11});
  row(3, stack({"runtime.gopark", "time.Sleep", "main.h"}), {13});
  row(4, stack({"runtime.gopark", "runtime.semacquire1", "runtime.semacquire", "runtime.GC", "main.i"}),
      {17});
  row(5, stack({"runtime.gopark", "runtime.block", "main.j"}), {19});
  row(1, stack({"runtime.gopark", "runtime.chanrecv", "runtime.chanrecv2", "main.k"}), {23}).system = true;
  row(6, stack({"runtime.gopark", "runtime.selectgo", "main.l"}), {}).blocked_now = 1;
  const Read p = profile(CaptureFormat::kPprofBlock);
  EXPECT_THAT(p.types, ElementsAre(Pair("contentions", "count"), Pair("delay", "nanoseconds")));
  ASSERT_EQ(p.samples.size(), 2u);
  EXPECT_THAT(p.stack(0), ElementsAre("runtime.chanrecv1", "main.f"));
  EXPECT_THAT(p.values[0], ElementsAre(2, 12));
  EXPECT_THAT(p.stack(1), ElementsAre("sync.(*Mutex).Lock", "main.g"));
  EXPECT_THAT(p.values[1], ElementsAre(1, 11));
  EXPECT_EQ(p.addresses[0], pc("runtime.chanrecv1") - 1) << "of the call, in the process";
  EXPECT_THAT(p.mapping_of, Each(1u));
  EXPECT_THAT(p.strings, Contains("cafe"));
}

TEST_F(Recorded, OpenWaitsAreLabelled) {
  const std::uint64_t at = stack({"runtime.gopark", "runtime.chanrecv", "runtime.chanrecv1", "main.f"});
  for (const std::uint64_t since : {1'500'000'000ull, 2'900'000'000ull, 3'100'000'000ull}) {
    OpenGoroutine g;
    g.goid = since;
    g.state = GState::kWaiting;
    g.wait = OpenStay{.row = {.stack = at, .reason = 1}, .from_ns = since, .object = {}};
    target.open->goroutines.push_back(g);
  }
  const Read p = profile(CaptureFormat::kPprofBlock);
  ASSERT_EQ(p.samples.size(), 1u);
  EXPECT_THAT(p.labels[0], Eq(Labels{{"wait", "open"}}));
  EXPECT_THAT(p.values[0], ElementsAre(3, 1'600'000'000)) << "none of it below 0";
  EXPECT_THAT(p.stack(0), ElementsAre("runtime.chanrecv1", "main.f"));
}

TEST_F(Recorded, LabelsAreLabels) {
  target.label_key = "tenant";
  target.tables.label_values[77] = "a\x1b";
  const std::uint64_t at = stack({"runtime.chanrecv1", "main.f"});
  row(1, at, {5}).label = 77;
  row(1, at, {6}).label = kLabelNone;
  const Read p = profile(CaptureFormat::kPprofBlock);
  EXPECT_THAT(p.labels[0], ElementsAre(Pair("tenant", Not(HasSubstr("\x1b")))));
  EXPECT_TRUE(p.labels[1].empty());
}

TEST_F(Recorded, MutexIsByWhoEndedTheWait) {
  const std::uint64_t blocked =
                          stack({"runtime.gopark", "runtime.semacquire1", "sync.runtime_SemacquireMutex",
                                 "sync.(*Mutex).lockSlow", "sync.(*Mutex).Lock", "main.f"}),
                      received = stack({"runtime.gopark", "runtime.chanrecv", "runtime.chanrecv1", "main.f"}),
                      unlocked = stack({"runtime.ready", "runtime.semrelease1", "sync.runtime_Semrelease",
                                        "sync.(*Mutex).unlockSlow", "sync.(*Mutex).Unlock", "main.g"});
  const auto add = [&](std::uint64_t stack, std::uint8_t reason, std::uint64_t ns) {
    target.chains.add({.goid = 1,
                       .start_ns = 0,
                       .end_ns = ns,
                       .stack = stack,
                       .reason = reason,
                       .in_syscall = false,
                       .system = false,
                       .waker = Waker{WakerKind::kGoroutine, unlocked},
                       .waker_goid = 2});
  };
  add(blocked, 2, 10);
  add(blocked, 2, 20);
  add(received, 1, 40);
  const Read p = profile(CaptureFormat::kPprofMutex);
  ASSERT_EQ(p.samples.size(), 1u);
  EXPECT_THAT(p.stack(0), ElementsAre("sync.(*Mutex).Unlock", "main.g"));
  EXPECT_THAT(p.values[0], ElementsAre(2, 30));
  EXPECT_EQ(written(CaptureFormat::kFoldedOffwake), "") << "less than half a microsecond";
  add(blocked, 2, 2'000'000);
  EXPECT_EQ(
      written(CaptureFormat::kFoldedOffwake),
      "main.f;sync.(*Mutex).Lock;sync.(*Mutex).lockSlow;sync.runtime_SemacquireMutex;runtime.semacquire1;"
      "runtime.gopark;--;runtime.ready;runtime.semrelease1;sync.runtime_Semrelease;"
      "sync.(*Mutex).unlockSlow;sync.(*Mutex).Unlock;main.g 2000\n");
}

TEST_F(Recorded, GoroutinesWithoutAStackStandUnderTheirStart) {
  OpenGoroutine g;
  g.state = GState::kRunning;
  g.startpc = pc("main.worker");
  target.open->goroutines = {g, g};
  g.system = true;
  target.open->goroutines.push_back(g);
  target.tables.looked = true;
  const Read p = profile(CaptureFormat::kPprofGoroutine);
  ASSERT_EQ(p.samples.size(), 1u);
  EXPECT_THAT(p.stack(0), ElementsAre("[stack unavailable: running]", "main.worker"));
  EXPECT_THAT(p.values[0], ElementsAre(2));
  EXPECT_THAT(p.comments, Not(Contains(HasSubstr("missing"))));
  target.tables.looked = false;
  EXPECT_THAT(profile(CaptureFormat::kPprofGoroutine).comments, Contains(HasSubstr("missing")));
}

TEST_F(Recorded, CreationSumsUpToTheRow) {
  CreationRow row;
  row.gopc = pc("main.spawn");
  row.startpc = pc("main.worker");
  row.created = 10;
  row.live = 6;
  row.exited = 5;
  const std::uint64_t by =
      stack({"runtime.systemstack_switch", "runtime.newproc", "main.spawn", "main.main"});
  row.origins = {
      {.links = {{.stack = by, .gopc = row.gopc, .startpc = row.startpc}}, .created = 8, .live = 4}};
  target.tables.creation = {row};
  const Read p = profile(CaptureFormat::kPprofCreation);
  EXPECT_THAT(p.types, ElementsAre(Pair("created", "count"), Pair("live", "count"), Pair("exited", "count")));
  ASSERT_EQ(p.samples.size(), 2u);
  EXPECT_THAT(p.stack(0), ElementsAre("main.worker", "main.spawn", "main.main"));
  EXPECT_THAT(p.values[0], ElementsAre(8, 4, 0));
  EXPECT_THAT(p.stack(1), ElementsAre("main.worker", "main.spawn"));
  EXPECT_THAT(p.values[1], ElementsAre(2, 2, 5));
}

TEST_F(Recorded, NamesCannotBreakALine) {
  row(1, stack({"runtime.gopark", "main.a;b"}), {2'000'000});
  EXPECT_EQ(written(CaptureFormat::kFolded), "main.a:b;runtime.gopark 2000\n");
}

TEST_F(Recorded, AStackThatIsNotKnownIsSaidToBe) {
  row(1, 4242, {2'000'000});
  EXPECT_EQ(written(CaptureFormat::kFolded), "[stack unavailable] 2000\n");
  EXPECT_THAT(profile(CaptureFormat::kPprofBlock).stack(0), ElementsAre("[stack unavailable]"));
}

TEST_F(Recorded, WhatLacksAGroupIsRefused) {
  target.facts.requested = group_bit(GT_GROUP_LIFECYCLE);
  target.tables.covered[GT_GROUP_BLOCK].clear();
  for (const CaptureFormat format :
       {CaptureFormat::kPprofBlock, CaptureFormat::kPprofMutex, CaptureFormat::kPprofGoroutine,
        CaptureFormat::kFolded, CaptureFormat::kFoldedOffwake}) {
    const auto had = check_groups(format, target);
    ASSERT_FALSE(had);
    EXPECT_EQ(had.error().kind, ErrorKind::kUnsupported);
    EXPECT_THAT(had.error().message, HasSubstr("gorotrace record -p 4711 --probes lifecycle,block -o FILE"));
  }
  EXPECT_TRUE(check_groups(CaptureFormat::kPprofCreation, target));
}

TEST(WithoutLeaf, AStackOfSuchAloneStaysAsItIs) {
  Frame a, b;
  a.function = b.function = "runtime.x";
  const auto all = [](const Frame&) { return true; };
  EXPECT_EQ(without_leaf({{1, {&a}}, {2, {&b}}}, all).size(), 2u);
  b.function = "main.f";
  const auto runtime = [](const Frame& f) { return f.function.starts_with("runtime."); };
  const auto left = without_leaf({{1, {&a}}, {2, {&a, &b}}}, runtime);
  ASSERT_EQ(left.size(), 1u);
  EXPECT_THAT(left[0].frames, ElementsAre(&b)) << "what was inlined goes, too";
}

}  // namespace
}  // namespace gorotrace
