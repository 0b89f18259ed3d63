// A look at all goroutines that is told to stop: no other chunk is read, and it says how many it did not
// reach.
#include <gtest/gtest.h>

#include <atomic>
#include <stop_token>

#include "forged_runtime.h"
#include "process/stoppable_memory.h"

namespace gorotrace {
namespace {

// Asks for a stop once it has been read so often.
struct StoppedMemory : Memory {
  StoppedMemory(const Memory& memory, std::stop_source stop, int calls)
      : of(memory), stop_source(std::move(stop)), left(calls) {}
  const Memory& of;
  mutable std::stop_source stop_source;
  mutable int left, after = 0;
  void count() const {
    if (stop_source.stop_requested()) ++after;
    if (--left == 0) stop_source.request_stop();
  }
  [[nodiscard]] bool read(std::uint64_t address, std::span<std::uint8_t> out) const override {
    count();
    return of.read(address, out);
  }
  [[nodiscard]] bool read_many(std::span<const Range> ranges, std::vector<bool>& failed) const override {
    count();
    return of.read_many(ranges, failed);
  }
};

constexpr std::uint64_t kMany = 600;

TEST(StoppedLook, IsAPartThatSaysSo) {
  testing::ForgedRuntime f;
  for (std::uint64_t goid = 1; goid <= kMany; ++goid) f.add(goid);
  std::size_t before = 0;
  for (const int calls : {4, 10, 14}) {
    std::stop_source stop;
    const StoppedMemory memory(f.memory, stop, calls);
    const auto s = GoroutineReader(memory, f.config).read(StackDepth::kAsProbes, stop.get_token());
    ASSERT_TRUE(s.has_value()) << s.error().message;
    EXPECT_LE(memory.after, 2) << "what belongs to the chunk under way";
    EXPECT_EQ(s->counts.seen + s->counts.not_reached, kMany);
    EXPECT_GT(s->counts.not_reached, 0u);
    EXPECT_GE(s->goroutines.size(), before);
    EXPECT_GE(s->counts.end_ns, s->counts.begin_ns);
    before = s->goroutines.size();
  }
  EXPECT_GT(before, 0u) << "what was read is kept";
}

TEST(StoppedLook, ThatIsNotToldToIsWhole) {
  testing::ForgedRuntime f;
  for (std::uint64_t goid = 1; goid <= kMany; ++goid) f.add(goid);
  std::stop_source stop;
  const auto s = GoroutineReader(f.memory, f.config).read(StackDepth::kAsProbes, stop.get_token());
  ASSERT_TRUE(s.has_value());
  EXPECT_EQ(s->goroutines.size(), kMany);
  EXPECT_EQ(s->counts.not_reached, 0u);
}

TEST(StoppableMemory, IsNotReadAnyMore) {
  testing::ForgedRuntime f;
  f.add(1);
  std::stop_source stop, another;
  StoppableMemory memory(f.memory, stop.get_token());
  std::array<std::uint8_t, 8> bytes{};
  std::vector<bool> failed;
  EXPECT_TRUE(memory.read(f.kAllgs, bytes));
  stop.request_stop();
  EXPECT_FALSE(memory.read(f.kAllgs, bytes));
  EXPECT_FALSE(memory.read_many({}, failed));
  memory.obey(another.get_token());
  EXPECT_TRUE(memory.read(f.kAllgs, bytes));
}

}  // namespace
}  // namespace gorotrace
