#include "snapshot/far_end.h"

#include <gmock/gmock.h>

#include "fake_memory.h"

namespace gorotrace::testing {
namespace {

using ::testing::ElementsAre;

constexpr TextRange kFarText{0x400000, 0x500000}, kGoexit{0x400f00, 0x400f10};
constexpr std::uint64_t kStack = 0x100000;

// `frames` of 64 bytes from kStack on, the last returns into goexit.
struct Stack : FakeMemory {
  explicit Stack(std::uint64_t frames) {
    map(kStack, frames * 64);
    for (std::uint64_t i = 0; i < frames; ++i) {
      const bool last = i + 1 == frames;
      words(kStack + i * 64, {last ? 0 : kStack + (i + 1) * 64, last ? 0x400f01 : 0x400001 + i});
    }
  }
};

std::optional<FarEnd> far(const FakeMemory& memory, std::uint64_t frames, std::size_t last,
                          std::uint64_t deadline = ~0ull, std::size_t first = 0) {
  const auto outermost = [](std::uint64_t pc) { return kGoexit.holds(pc); };
  return walk_far_end(memory, Code(kFarText), outermost, kStack, kStack + frames * 64, first, last, deadline);
}

TEST(FarEnd, TheOutermostFramesAreKeptAndAllAreCounted) {
  const auto found = far(Stack(1000), 1000, 3);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->between, 997u);
  EXPECT_TRUE(found->first.empty());
  EXPECT_THAT(found->last, ElementsAre(0x400001 + 997, 0x400001 + 998, 0x400f01));
}

TEST(FarEnd, FirstFramesAreKeptBeforeTheOutermost) {
  const auto found = far(Stack(10), 10, 3, ~0ull, 2);
  ASSERT_TRUE(found);
  EXPECT_THAT(found->first, ElementsAre(0x400001, 0x400002));
  EXPECT_EQ(found->between, 5u);
  EXPECT_THAT(found->last, ElementsAre(0x400008, 0x400009, 0x400f01));
}

TEST(FarEnd, FirstFramesMayBeAll) {
  const auto found = far(Stack(3), 3, 3, ~0ull, 100);
  ASSERT_TRUE(found);
  EXPECT_THAT(found->first, ElementsAre(0x400001, 0x400002, 0x400f01));
  EXPECT_EQ(found->between, 0u);
  EXPECT_TRUE(found->last.empty());
}

TEST(FarEnd, MoreThanOnePieceIsReadOneAfterAnother) {
  const auto found = far(Stack(9000), 9000, 1);  // 576,000 bytes
  ASSERT_TRUE(found);
  EXPECT_EQ(found->between, 8999u);
}

TEST(FarEnd, FewerThanAreKeptAreAll) {
  const auto found = far(Stack(2), 2, 50);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->between, 0u);
  EXPECT_THAT(found->last, ElementsAre(0x400001, 0x400f01));
}

TEST(FarEnd, AChainThatDoesNotLeadToTheOutermostFrameIsNone) {
  Stack falls(10), leaves(10), ends(10), holes(0);
  falls.words(kStack + 5 * 64, {kStack + 4 * 64});
  leaves.words(kStack + 5 * 64 + 8, {0x500000});
  ends.words(kStack + 5 * 64, {0});
  EXPECT_FALSE(far(falls, 10, 3));
  EXPECT_FALSE(far(leaves, 10, 3));
  EXPECT_FALSE(far(ends, 10, 3));
  EXPECT_FALSE(far(holes, 10, 3));
}

TEST(FarEnd, TimeIsBounded) {
  EXPECT_FALSE(far(Stack(10), 10, 3, 0));
}

}  // namespace
}  // namespace gorotrace::testing
