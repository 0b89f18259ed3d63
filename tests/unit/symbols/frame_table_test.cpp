#include "symbols/frame_table.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

#include "symbols/stack_table.h"

namespace gorotrace {
namespace {

// Functions of 0x100 bytes from 0x1000 on, endlessly many; the name has 1000 bytes.
struct FakeTable {
  std::atomic<int> lookups = 0;
  [[nodiscard]] PcLookup lookup() {
    return {.frames =
                [this](std::uint64_t pc) {
                  ++lookups;
                  Frame f;
                  if (pc >= 0x1000) f.function = "f" + std::to_string(pc) + std::string(1000, '\x1b');
                  f.pc = pc;
                  f.entry = pc & ~0xffull;
                  return std::vector<Frame>{f};
                },
            .entry = [](std::uint64_t pc) -> std::optional<std::uint64_t> { return pc & ~0xffull; }};
  }
};

TEST(FrameTable, LooksUpOnceAndMakesPrintable) {
  FakeTable fake;
  FrameTable table(fake.lookup());
  const auto* frames = table.at(0x1010);
  ASSERT_NE(frames, nullptr);
  EXPECT_EQ(table.at(0x1010), frames);
  EXPECT_EQ(fake.lookups, 1);
  EXPECT_TRUE(frames->back().function.starts_with("f4112"));
  EXPECT_EQ(frames->back().function.find('\x1b'), std::string::npos);
  EXPECT_EQ(frames->back().pc, 0x1010u);
  EXPECT_EQ(table.at(0x10), nullptr) << "no function";
  EXPECT_EQ(table.at(0x10), nullptr);
  EXPECT_EQ(fake.lookups, 2) << "nor is that asked twice";
}

TEST(FrameTable, IsBoundedInBytes) {
  FakeTable fake;
  FrameTable table(fake.lookup(), 100'000);
  std::uint64_t pc = 0x1000;
  while (table.at(pc) != nullptr) ++pc;
  EXPECT_TRUE(table.full());
  EXPECT_GT(table.size(), 10u);
  EXPECT_LT(table.size(), 100u);
  EXPECT_NE(table.at(0x1000), nullptr) << "what is known stays known";
  EXPECT_FALSE(table.empty_one()->full());
}

// What fills it may be another process of the same binary: its stacks say what they like.
TEST(FrameTable, WhenItIsFullAProcessGoesOnAlone) {
  FakeTable fake;
  const auto shared = std::make_shared<FrameTable>(fake.lookup(), 100'000);
  StackTable early(shared, 0);
  const auto* known = &early.frames(0x1010, PcKind::kExact);
  for (std::uint64_t pc = 0x2000; shared->at(pc) != nullptr; ++pc) {
  }
  StackTable late(shared, 0);
  EXPECT_TRUE(late.frames(0x9999, PcKind::kExact).back().function.starts_with("f39321"));
  EXPECT_TRUE(early.frames(0x9998, PcKind::kExact).back().function.starts_with("f39320"));
  EXPECT_EQ(&early.frames(0x1010, PcKind::kExact), known);
}

TEST(FrameTable, ManyThreadsShareIt) {
  FakeTable fake;
  FrameTable table(fake.lookup());
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (std::uint64_t pc = 0x1000; pc < 0x1400; ++pc) {
        const auto* frames = table.at(pc);
        if (frames == nullptr || frames->back().pc != pc) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(fake.lookups, 0x400);
}

}  // namespace
}  // namespace gorotrace
