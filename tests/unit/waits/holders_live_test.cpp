// Against tests/testprogs/handed, whose mutex goes from hand to hand: who sleeps in refresh holds it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

#include "go_target.h"
#include "waits/moved.h"
#include "waits/wait_reader.h"

namespace gorotrace::testing {
namespace {

constexpr int kDumps = 30;

// A reading that takes longer, with a sanitizer or beside other work, finds the lock in another hand each
// time.
constexpr double kReadingsInAHold = 2;

struct Named {
  int nobody = 0, holder = 0, innocent = 0, innocent_alone = 0;  // dumps
};

class Handed : public ::testing::TestWithParam<int> {};  // ms

bool holds(const GoTarget& target, const Snapshot& snapshot, std::uint64_t goid) {
  const auto g = std::ranges::find(snapshot.goroutines, goid, &GoroutineSnapshot::goid);
  if (g == snapshot.goroutines.end()) return false;
  const auto frames = target.frames(snapshot.pcs(*g));
  const auto has = [&](const std::string& function) {
    return std::ranges::any_of(frames, [&](const auto& f) { return f.starts_with(function); });
  };
  return has("main.(*cache).refresh") && has("time.Sleep");
}

void count(const GoTarget& target, const Snapshot& snapshot, const Waits& waits, Named& out) {
  bool first = false, other = false, alone = false;
  for (const GoroutineWaits& g : waits.goroutines) {
    for (const WaitObject& object : g.objects) {
      const auto* wait = std::get_if<SemaphoreWait>(&object.what);
      if (wait == nullptr || wait->likely_holders.empty()) continue;
      EXPECT_EQ(wait->holder_search, HolderSearchEnd::kDone);
      const auto is_holder = [&](std::uint64_t goid) { return holds(target, snapshot, goid); };
      (is_holder(wait->likely_holders.front()) ? first : other) = true;
      alone = alone || std::ranges::none_of(wait->likely_holders, is_holder);
    }
  }
  ++(other ? out.innocent : first ? out.holder : out.nobody);
  out.innocent_alone += alone ? 1 : 0;
}

TEST_P(Handed, TheHolderIsNamedMostly) {
  const std::string newest = go_versions().back();
  GoTarget target("handed", newest, {"-hold", fmt::format("{}ms", GetParam())});
  target.line();
  const GoroutineReader goroutines(target.process(), target.goroutine_config());
  auto config = WaitReader::config_for(target.binary(), target.modules());
  const WaitReader first(target.process(), &target.process(), config);
  config.find = WaitReader::Find::kObjects;
  const WaitReader again(target.process(), &target.process(), config);
  Named named;
  std::vector<double> took_ms;
  for (int i = 0; i < kDumps; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    auto snapshot = goroutines.read(StackDepth::kWhole);
    ASSERT_TRUE(snapshot) << snapshot.error().message;
    auto waits = first.read(*snapshot);
    ASSERT_TRUE(waits) << waits.error().message;
    ASSERT_TRUE(read_moved(goroutines, again, *snapshot, *waits));
    took_ms.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
    const SnapshotCounts& c = snapshot->counts;
    EXPECT_LE(c.retried, c.stacks - c.unproven) << "a goroutine counts once";
    count(target, *snapshot, *waits, named);
    std::this_thread::sleep_for(std::chrono::milliseconds(7));
  }
  std::ranges::sort(took_ms);
  const double median_ms = took_ms[took_ms.size() / 2];
  fmt::print(
      "{} ms: of {} dumps, {:.2f} ms each, {} name the holder first, {} nobody, {} another goroutine (alone: "
      "{})\n",
      GetParam(), kDumps, median_ms, named.holder, named.nobody, named.innocent, named.innocent_alone);
  if (kReadingsInAHold * median_ms <= GetParam()) {
    EXPECT_GE(named.holder, kDumps * 6 / 10);
  }
  EXPECT_LE(named.innocent, kDumps / 10);
}

INSTANTIATE_TEST_SUITE_P(Holds, Handed, ::testing::Values(3, 30, 1500));

}  // namespace
}  // namespace gorotrace::testing
