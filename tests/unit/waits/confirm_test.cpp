// The last look: what was found is proven, or taken back.
#include "waits/confirm.h"

#include <gtest/gtest.h>

#include "fake_process.h"

namespace gorotrace::waits {
namespace {

constexpr std::uint64_t kWord = 0x300000;

struct Subject {
  testing::FakeProcess process;
  std::vector<Waiter> waiters;

  explicit Subject(int goroutines) {
    for (int i = 0; i < goroutines; ++i) {
      Waiter& w = waiters.emplace_back();
      w.g = process.waiting(1, 0);
      std::vector<std::uint8_t> g(g_window(process.config.offsets));
      EXPECT_TRUE(process.memory.read(w.g, g));
      w.words = pick_words(g, process.config.offsets);
      w.objects.push_back({Certainty::kLikely, "a test", ChannelWait{}});
    }
    process.memory.map(kWord, 4096);
  }
  void run() {
    EXPECT_TRUE(confirm(Context{process.memory, nullptr, process.config, process.snapshot}, waiters));
  }
};

TEST(ConfirmTest, OnlyTheBitsThatCount) {
  Subject s(2);  // m.syscalltick has 32 bits; what lies behind it in m is another field
  s.process.memory.words(kWord, {0x7fff'dead'0000'0005, 0x7fff'dead'0000'0005});
  s.waiters[0].evidence.push_back({kWord, 5, 0xffff'ffff});
  s.waiters[1].evidence.push_back({kWord + 8, 6, 0xffff'ffff});
  s.run();
  ASSERT_EQ(s.waiters[0].objects.size(), 1u);
  EXPECT_EQ(s.waiters[0].objects[0].certainty, Certainty::kProven);
  EXPECT_TRUE(s.waiters[1].objects.empty());
}

TEST(ConfirmTest, OneThatMovedBeforeItsObjectWasFoundHasMoved) {
  Subject s(3);
  for (Waiter& w : s.waiters) w.objects.clear();
  s.waiters[0].reason = s.waiters[1].reason = Reason::kIo;
  for (const std::size_t i : {0u, 2u}) s.process.memory.words(s.waiters[i].g + 64, {0x401234});
  s.run();
  EXPECT_TRUE(s.waiters[0].moved);
  EXPECT_FALSE(s.waiters[1].moved);
  EXPECT_FALSE(s.waiters[2].moved);  // it waits for nothing: nobody asks
}

TEST(ConfirmTest, EachGoroutineByItsOwnEvidence) {
  Subject s(5);  // in one chunk, words out of order and side by side
  s.process.memory.words(kWord, {1, 2, 3, 4});
  s.waiters[0].evidence = {{kWord + 24, 4}, {kWord, 1}};
  s.waiters[1].evidence = {{kWord + 8, 2}, {kWord + 16, 7}};
  s.waiters[2].evidence = {{kWord + 16, 3}};
  s.waiters[3].evidence = {{0x900000, 0}};                  // not mapped
  s.waiters[4].evidence = {{~0ull - 7, 0}};                 // no address: nothing was read there
  s.process.memory.words(s.waiters[2].g + 64, {0x401234});  // it has moved
  s.run();
  ASSERT_EQ(s.waiters[0].objects.size(), 1u);
  EXPECT_EQ(s.waiters[0].objects[0].certainty, Certainty::kProven);
  EXPECT_TRUE(s.waiters[1].objects.empty());
  EXPECT_NE(s.waiters[1].words.goid, 0u);
  EXPECT_TRUE(s.waiters[2].objects.empty());
  EXPECT_TRUE(s.waiters[2].moved);
  EXPECT_TRUE(s.waiters[3].objects.empty());
  ASSERT_EQ(s.waiters[4].objects.size(), 1u);
  EXPECT_EQ(s.waiters[4].objects[0].certainty, Certainty::kLikely);
}

}  // namespace
}  // namespace gorotrace::waits
