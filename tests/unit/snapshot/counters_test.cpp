// The runtime's own counters against programs that do an exactly known number of things.
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "fake_memory.h"
#include "go_target.h"

namespace gorotrace {
namespace {

using testing::FakeMemory;
using testing::GoTarget;

class Counters : public ::testing::TestWithParam<std::string> {};

RuntimeCounters at_rest(CounterReader& reader) {
  RuntimeCounters c;
  for (int i = 0; i < 50; ++i) {
    const auto read = reader.read();
    if (!read) throw std::runtime_error(read.error().message);
    c = *read;
    if (c.settled) return c;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return c;
}

TEST_P(Counters, AreThoseOfTheProgram) {
  GoTarget target("parked", GetParam());
  while (target.line() != "end") {
  }
  CounterReader reader(target.process(), target.counter_config());
  const auto live = [](const std::string& answer) { return std::stoll(answer.substr(3)); };
  EXPECT_EQ(at_rest(reader).live, live(target.ask("nothing")));

  const RuntimeCounters before = at_rest(reader);
  ASSERT_TRUE(before.settled);
  const auto now_live = live(target.ask("go 10000"));
  const RuntimeCounters created = at_rest(reader);
  ASSERT_TRUE(created.settled);
  EXPECT_EQ(created.live, now_live);
  // The runtime may start workers of its own (GC, scavenger, cleanup): system goroutines, told apart.
  const auto more_system =
      static_cast<std::uint64_t>(std::max<std::int64_t>(0, created.system - before.system));
  EXPECT_GE(created.created - before.created, 10000u);
  EXPECT_LE(created.created - before.created, 10000u + more_system);
  EXPECT_GE(created.switches - before.switches, 1u);

  target.ask("read 5000");
  const RuntimeCounters reads = at_rest(reader);
  // Reading the command and answering it are system calls as well; a call whose P is retaken counts twice.
  EXPECT_GE(reads.syscalls - created.syscalls, 5000u);
  EXPECT_LE(reads.syscalls - created.syscalls, 2 * (5000u + 20u));

  target.ask("procs 7");
  target.ask("go 1000");
  target.ask("procs 1");
  target.ask("go 1000");
  const RuntimeCounters scaled = at_rest(reader);
  const auto system = static_cast<std::uint64_t>(std::max<std::int64_t>(0, scaled.system - reads.system));
  EXPECT_GE(scaled.created - reads.created, 2000u);
  EXPECT_LE(scaled.created - reads.created, 2000u + system);
  EXPECT_EQ(scaled.live, live(target.ask("parked 3000")) - 3000);
  EXPECT_EQ(at_rest(reader).live, scaled.live + 3000);
}

INSTANTIATE_TEST_SUITE_P(Go, Counters, ::testing::ValuesIn(testing::go_versions()),
                         [](const auto& parameter) {
                           std::string name = parameter.param;
                           for (char& c : name) c = c == '.' ? '_' : c;
                           return name;
                         });

struct FakeRuntime {
  FakeMemory memory;
  CounterReader::Config config;
  FakeRuntime() {
    RuntimeOffsets& o = config.offsets;
    o.sched_goidgen = 0;
    o.sched_ngsys = 8;
    o.sched_gFree_n = 12;
    o.p_schedtick = 0;
    o.p_syscalltick = 4;
    o.p_goidcache = 8;
    o.p_goidcacheend = 16;
    o.p_gFree_n = 24;
    config.allgs_address = 0x1000;
    config.allp_address = 0x2000;
    config.sched_address = 0x3000;
    memory.words(0x1000, {0x9000, 40, 64});
    memory.words(0x2000, {0x2100, 1, 2});
    memory.words(0x2100, {0x5000, 0x6000});
    memory.words(0x3000, {1000, 2 | (3ull << 32)});  // goidgen; ngsys, gFree.n
    ticks(0xffff'fff0, 0xffff'ff00);
    memory.words(0x6000, {7, 20, 20, 1});
  }
  void ticks(std::uint64_t schedtick, std::uint64_t syscalltick) {
    memory.words(0x5000, {schedtick | (syscalltick << 32), 90, 100, 4});
  }
};

TEST(CountersFake, UnfoldsWrapsAndReadsDroppedPs) {
  FakeRuntime fake;
  CounterReader reader(fake.memory, fake.config);
  const auto first = reader.read();
  ASSERT_TRUE(first.has_value()) << first.error().message;
  EXPECT_TRUE(first->settled);
  EXPECT_EQ(first->created, 990u);             // 10 goids of the first P are not handed out
  EXPECT_EQ(first->live, 40 - 3 - 2 - 4 - 1);  // the dropped P's free list counts too
  EXPECT_EQ(first->switches, 0xffff'fff0u + 7u);
  fake.ticks(0x10, 0x100);
  const auto second = reader.read();
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->switches - first->switches, 0x20u);
  EXPECT_EQ(second->syscalls - first->syscalls, 0x200u);
}

struct CountingMemory : Memory {
  explicit CountingMemory(const Memory& of) : memory(of) {}
  const Memory& memory;
  mutable int calls = 0;
  [[nodiscard]] bool read(std::uint64_t address, std::span<std::uint8_t> out) const override {
    ++calls;
    return memory.read(address, out);
  }
  [[nodiscard]] bool read_many(std::span<const Range> ranges, std::vector<bool>& failed) const override {
    ++calls;
    return memory.read_many(ranges, failed);
  }
};

TEST(CountersFake, WhatDidNotChangeSinceTheLastReadIsSettledByOneCall) {
  FakeRuntime fake;
  CountingMemory memory(fake.memory);
  CounterReader reader(memory, fake.config);
  ASSERT_TRUE(reader.read().has_value());
  memory.calls = 0;
  const auto again = reader.read();
  ASSERT_TRUE(again.has_value());
  EXPECT_TRUE(again->settled);
  EXPECT_EQ(memory.calls, 1);
  fake.ticks(1, 1);
  memory.calls = 0;
  EXPECT_TRUE(reader.read().value().settled);
  EXPECT_EQ(memory.calls, 2);
}

// Part of another call: settled by the pass before, and void once the Ps are elsewhere.
TEST(CountersFake, APassOfAnotherCall) {
  FakeRuntime fake;
  CounterReader reader(fake.memory, fake.config);
  std::vector<Memory::Range> ranges;
  EXPECT_FALSE(reader.add_pass(ranges)) << "nobody knows yet where the Ps are";
  const auto first = reader.read();
  ASSERT_TRUE(first.has_value());
  ASSERT_TRUE(reader.add_pass(ranges));
  std::vector<bool> failed;
  ASSERT_TRUE(fake.memory.read_many(ranges, failed));
  auto pass = reader.take_pass(failed, 0);
  ASSERT_TRUE(pass.has_value());
  EXPECT_TRUE(pass->settled);
  EXPECT_EQ(pass->live, first->live);
  fake.memory.words(0x1000, {0x9000, 41, 64});
  ASSERT_TRUE(fake.memory.read_many(ranges, failed));
  pass = reader.take_pass(failed, 0);
  ASSERT_TRUE(pass.has_value());
  EXPECT_FALSE(pass->settled);
  EXPECT_EQ(pass->live, first->live + 1);
  // GOMAXPROCS grew: the slice is elsewhere, and its new P not in it yet.
  fake.memory.words(0x2200, {0x5000, 0x6000, 0});
  fake.memory.words(0x2000, {0x2200, 3, 3});
  ASSERT_TRUE(fake.memory.read_many(ranges, failed));
  EXPECT_FALSE(reader.take_pass(failed, 0).has_value());
  ASSERT_TRUE(reader.read(1).has_value());
  fake.memory.words(0x2200, {0x5000, 0x6000, 0x7000});
  fake.memory.words(0x7000, {5, 30, 30, 2});
  const auto grown = reader.read();
  ASSERT_TRUE(grown.has_value());
  EXPECT_TRUE(grown->settled);
  EXPECT_EQ(grown->live, first->live + 1 - 2) << "the new P's free list counts";
}

TEST(CountersFake, OnlyPsThatRunHaveSomethingInHand) {
  FakeRuntime fake;
  const auto unknown = CounterReader(fake.memory, fake.config).read();
  ASSERT_TRUE(unknown.has_value());
  EXPECT_EQ(unknown->created_ahead, 1u + 16u) << "of the second P no goid is left: it may be taking a batch";
  EXPECT_EQ(unknown->exited_ahead, 16u);
  EXPECT_EQ(unknown->exited_behind, 2u);
  fake.config.p_status = 28;
  const auto with = [&](std::uint64_t status, std::uint64_t free) {
    fake.memory.words(0x5000, {0, 90, 100, free | status << 32});
    fake.memory.words(0x6000, {0, 20, 20, 1});  // idle
    return CounterReader(fake.memory, fake.config).read().value();
  };
  EXPECT_EQ(with(0, 40).created_ahead, 0u);
  EXPECT_EQ(with(0, 40).exited_behind, 0u);
  EXPECT_EQ(with(1, 40).created_ahead, 1u);
  EXPECT_EQ(with(1, 40).exited_ahead, 0u);
  EXPECT_EQ(with(1, 40).exited_behind, 24u) << "they may be on their way to the common list";
  EXPECT_EQ(with(1, 31).exited_behind, 33u);
  EXPECT_EQ(with(1, 30).exited_behind, 1u);
  EXPECT_TRUE(with(1, 30).settled);
  EXPECT_FALSE(with(3, 30).settled) << "the world is stopped";
}

TEST(CountersFake, ABatchOfGoidsThatIsBeingTakenIsNotSettled) {
  FakeRuntime fake;
  fake.memory.words(0x3000, {1016, 2 | (3ull << 32)});
  fake.memory.words(0x5000, {0, 1001, 100, 4});  // goidcache is written, goidcacheend not yet
  const auto read = CounterReader(fake.memory, fake.config).read();
  ASSERT_TRUE(read.has_value());
  EXPECT_FALSE(read->settled);
  EXPECT_EQ(read->created, 1000u);
}

TEST(CountersFake, NumbersThatNoRuntimeHasOverflowNothing) {
  FakeRuntime fake;
  RuntimeOffsets& o = fake.config.offsets;
  o.p_gFree_size = o.p_gFree_n;
  o.sched_gFree_stack_size = 12;
  o.sched_gFree_noStack_size = 16;
  constexpr std::uint64_t kMany = 0x7fff'ffff;
  fake.memory.words(0x3000, {1000, 2 | (kMany << 32), kMany});
  EXPECT_EQ(CounterReader(fake.memory, fake.config).read()->live, 40 - 2 * std::int64_t{kMany} - 2 - 4 - 1);
  fake.memory.words(0x1000, {0x9000, 1ull << 63, 1ull << 63});
  EXPECT_GT(CounterReader(fake.memory, fake.config).read()->live, 0);
}

TEST(CountersFake, RefusesWhatIsNoSliceOfPs) {
  FakeRuntime fake;
  fake.memory.words(0x2000, {0x2100, 1, 1ull << 40});
  const auto read = CounterReader(fake.memory, fake.config).read();
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().kind, ErrorKind::kUnsupported);
  EXPECT_NE(read.error().message.find("allp"), std::string::npos);
}

TEST(CountersFake, RefusesWithoutAddresses) {
  FakeRuntime fake;
  fake.config.allp_address = 0;
  const auto read = CounterReader(fake.memory, fake.config).read();
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().kind, ErrorKind::kUnsupported);
}

TEST(CountersFake, PsThatAreNotMappedAreAnError) {
  FakeRuntime fake;
  fake.memory.words(0x2100, {0x5000, 0xdead'0000});
  EXPECT_FALSE(CounterReader(fake.memory, fake.config).read().has_value());
}

}  // namespace
}  // namespace gorotrace
