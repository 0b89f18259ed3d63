// A live process that lies, grows or dies while it is read: an error or a result that says what is missing,
// soon.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <random>
#include <thread>

#include "go_target.h"

namespace gorotrace {
namespace {

using testing::GoTarget;
using namespace std::chrono_literals;

std::string newest() {
  return testing::go_versions().back();
}

void skip_stacks(GoTarget& target) {
  while (target.line() != "end") {
  }
}

void poke(GoTarget& target, std::uint64_t address, std::uint64_t value) {
  ASSERT_TRUE(target.ask(fmt::format("poke {} {}", address, value)).starts_with("ok "));
}

// Whatever the memory says: every pc is code, nothing is longer than its bound, and the counts add up.
void expect_sound(const Snapshot& s, const GoroutineReader::Config& config) {
  EXPECT_EQ(s.counts.alive, s.goroutines.size());
  EXPECT_EQ(s.counts.alive, s.counts.stacks + s.counts.unvalidated + s.counts.running + s.counts.no_base);
  for (const GoroutineSnapshot& g : s.goroutines) {
    const auto pcs = s.pcs(g);
    EXPECT_LE(pcs.size(), 4096u);
    for (const std::uint64_t pc : pcs) {
      EXPECT_GE(pc, config.text);
      EXPECT_LE(pc, config.etext);
    }
  }
}

// Goroutines that main.park made: nobody but the target's own scheduler would miss them.
std::vector<GoroutineSnapshot> parked(const GoTarget& target, const Snapshot& snapshot) {
  std::vector<GoroutineSnapshot> out;
  for (const GoroutineSnapshot& g : snapshot.goroutines) {
    const bool ours =
        g.status == GStatus::kWaiting && target.frames(std::array{g.gopc + 1})[0].starts_with("main.park ");
    if (ours && target.wait_reason(g) == "chan receive") out.push_back(g);
  }
  return out;
}

TEST(HostileLive, ForgedWordsOfItsOwnGoroutines) {
  GoTarget target("parked", newest());
  skip_stacks(target);
  const GoroutineReader::Config config = target.goroutine_config();
  const GoroutineReader reader(target.process(), config);
  const auto first = reader.read(StackDepth::kWhole);
  ASSERT_TRUE(first.has_value());
  const std::vector<GoroutineSnapshot> victims = parked(target, *first);
  ASSERT_GT(victims.size(), 4u);
  const RuntimeOffsets& o = config.offsets;
  const std::uint16_t fields[] = {o.g_stack_lo,     o.g_stack_hi,   o.g_m,     o.g_sched_sp,
                                  o.g_sched_pc,     o.g_sched_bp,   o.g_goid,  o.g_waitsince,
                                  o.g_lockedm,      o.g_parentGoid, o.g_gopc,  o.g_startpc,
                                  o.g_atomicstatus, o.g_waiting,    o.g_bubble};
  std::mt19937_64 random(4);
  const auto pick = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  for (int round = 0; round < 400; ++round) {
    const GoroutineSnapshot& g = victims[pick(victims.size())];
    const auto lo = target.process().value<std::uint64_t>(g.g + o.g_stack_lo).value_or(0);
    const std::uint64_t values[] = {0,
                                    1,
                                    2,
                                    3,
                                    4,
                                    8,
                                    ~0ull,
                                    ~7ull,
                                    1ull << 55,
                                    g.g,
                                    lo,
                                    lo + 2048,
                                    lo + 1,
                                    config.text,
                                    config.etext - 1,
                                    4096,
                                    random(),
                                    g.g + 64,
                                    victims[0].g,
                                    config.allgs_address};
    poke(target, g.g + fields[pick(std::size(fields))], values[pick(std::size(values))]);
    const auto snapshot = reader.read(round % 2 == 0 ? StackDepth::kWhole : StackDepth::kAsProbes);
    ASSERT_TRUE(snapshot.has_value()) << snapshot.error().message;
    expect_sound(*snapshot, config);
    // A pass over a handful of goroutines, however forged.
    EXPECT_LT(snapshot->counts.end_ns - snapshot->counts.begin_ns, 5'000'000'000u);
  }
}

TEST(HostileLive, ForgedStacksOfItsOwnGoroutines) {
  GoTarget target("parked", newest());
  skip_stacks(target);
  const GoroutineReader::Config config = target.goroutine_config();
  const GoroutineReader reader(target.process(), config);
  const auto first = reader.read(StackDepth::kWhole);
  ASSERT_TRUE(first.has_value());
  std::mt19937_64 random(5);
  for (const GoroutineSnapshot& g : parked(target, *first)) {
    const auto sp = target.process().value<std::uint64_t>(g.g + config.offsets.g_sched_sp).value_or(0);
    const auto hi = target.process().value<std::uint64_t>(g.g + config.offsets.g_stack_hi).value_or(0);
    ASSERT_LT(sp, hi);
    for (int i = 0; i < 8; ++i) {
      const std::uint64_t at = sp + random() % ((hi - sp) / 8) * 8;
      // Into the stack, at itself and before itself: chains that end nowhere.
      poke(target, at, i % 2 == 0 ? at : sp + random() % ((hi - sp) / 8) * 8);
      const auto snapshot = reader.read(StackDepth::kWhole);
      ASSERT_TRUE(snapshot.has_value());
      expect_sound(*snapshot, config);
    }
  }
}

TEST(HostileLive, AForgedListOfGoroutinesIsRefused) {
  GoTarget target("parked", newest());
  skip_stacks(target);
  const GoroutineReader::Config config = target.goroutine_config();
  const GoroutineReader reader(target.process(), config);
  std::uint64_t header[3];
  for (std::size_t i = 0; i < 3; ++i)
    header[i] = target.process().value<std::uint64_t>(config.allgs_address + 8 * i).value_or(0);
  const std::uint64_t forged[][3] = {
      {header[0], ~0ull >> 1, ~0ull >> 1},   {header[0], 1ull << 32, 1ull << 32},
      {header[0], 1u << 25, 1u << 25},       {8, header[1], header[2]},
      {header[0] + 4, header[1], header[2]}, {header[0], 0, 0}};
  for (const auto& words : forged) {
    for (std::size_t i = 0; i < 3; ++i) poke(target, config.allgs_address + 8 * i, words[i]);
    const auto snapshot = reader.read(StackDepth::kAsProbes);
    EXPECT_FALSE(snapshot.has_value()) << words[0] << " " << words[1];
    for (std::size_t i = 0; i < 3; ++i) poke(target, config.allgs_address + 8 * i, header[i]);
  }
  // Not more than we ever read, but more than this process has memory for: a part at most, and it says so.
  const std::uint64_t large[] = {header[0], 1u << 23, 1u << 23};
  for (std::size_t i = 0; i < 3; ++i) poke(target, config.allgs_address + 8 * i, large[i]);
  const auto part = reader.read(StackDepth::kAsProbes);
  if (part) {
    EXPECT_GT(part->counts.implausible, (1u << 23) - (1u << 17));
    EXPECT_LE(part->counts.seen + part->counts.unreadable, 1u << 17);
    expect_sound(*part, config);
  } else {
    EXPECT_EQ(part.error().kind, ErrorKind::kUnsupported);  // it runs off the heap
  }
  for (std::size_t i = 0; i < 3; ++i) poke(target, config.allgs_address + 8 * i, header[i]);
  // The same goroutines a thousand times over, and words that are none.
  const std::uint64_t real = target.process().value<std::uint64_t>(header[0]).value_or(0);
  std::vector<std::uint64_t> gs(1000, real);
  for (std::uint64_t i = 0; i < 1000; ++i) gs.push_back(header[0] + 8 * i);
  const auto snapshot = reader.read(gs, StackDepth::kWhole);
  ASSERT_TRUE(snapshot.has_value());
  EXPECT_GE(snapshot->counts.unreadable, 999u);
  expect_sound(*snapshot, config);
}

TEST(HostileLive, AListThatGrowsIsReadWhole) {
  GoTarget target("parked", newest());
  skip_stacks(target);
  const GoroutineReader reader(target.process(), target.goroutine_config());
  std::jthread grower([&] {
    for (int i = 0; i < 20; ++i) target.ask("parked 1000");
  });
  std::size_t alive = 0, snapshots = 0;
  while (alive < 20'000 && snapshots < 100'000) {
    const auto snapshot = reader.read(StackDepth::kAsProbes);
    ASSERT_TRUE(snapshot.has_value()) << snapshot.error().message;
    ++snapshots;
    // These never end: none that was there is missing.
    EXPECT_GE(snapshot->counts.alive + 2, alive);
    alive = std::max(alive, snapshot->counts.alive);
  }
  EXPECT_GE(alive, 20'000u);
}

TEST(HostileLive, KilledInTheMiddle) {
  for (const auto delay : {0ms, 3ms, 11ms, 30ms}) {
    GoTarget target("churn", newest(), {"20000"});
    ASSERT_EQ(target.line(), "ready");
    const GoroutineReader::Config config = target.goroutine_config();
    const GoroutineReader reader(target.process(), config);
    std::jthread killer([&] {
      std::this_thread::sleep_for(delay);
      target.kill();
    });
    bool ended = false;
    for (int i = 0; i < 10'000 && !ended; ++i) {
      const auto snapshot = reader.read(StackDepth::kAsProbes);
      ended = !snapshot.has_value();
      if (snapshot) {
        expect_sound(*snapshot, config);
      } else {
        EXPECT_EQ(snapshot.error().kind, ErrorKind::kNoProcess) << snapshot.error().message;
      }
    }
    EXPECT_TRUE(ended);
  }
}

}  // namespace
}  // namespace gorotrace
