#include "evidence/living_creations.h"

#include <gtest/gtest.h>

namespace gorotrace {
namespace {

GoroutineSnapshot goroutine(std::uint64_t goid, std::uint64_t gopc, std::uint64_t startpc) {
  GoroutineSnapshot g;
  g.goid = goid;
  g.gopc = gopc;
  g.startpc = startpc;
  return g;
}

TEST(LivingCreations, AreCountedByGoStatementAndWhatItStarts) {
  const std::vector<GoroutineSnapshot> all = {goroutine(1, 0x900, 0x10), goroutine(5, 0x100, 0x20),
                                              goroutine(6, 0x100, 0x30), goroutine(7, 0x100, 0x30),
                                              goroutine(8, 0, 0)};
  Selection selection;
  for (const GoroutineSnapshot& g : all) selection.goroutines.push_back(&g);
  const auto found = living_creations(selection);
  ASSERT_EQ(found.size(), 4u);
  EXPECT_EQ(found[0].count, 2u);
  EXPECT_EQ(found[0].startpc, 0x30u);
  EXPECT_EQ(found[0].gopc, 0x100u);
  EXPECT_EQ(found[1].startpc, 0u);  // of a C thread
  EXPECT_EQ(found[2].startpc, 0x10u);
  EXPECT_EQ(found[2].gopc, 0u) << "no go statement made goroutine 1";
  EXPECT_EQ(found[3].startpc, 0x20u);
}

class Names : public Symbolizer {
 public:
  const std::vector<Frame>& stack(std::uint64_t) override { return frames_; }
  bool truncated(std::uint64_t) override { return false; }
  const std::vector<Frame>& frames(std::uint64_t pc, PcKind kind) override {
    asked.emplace_back(pc, kind);
    return frames_;
  }
  std::vector<std::pair<std::uint64_t, PcKind>> asked;

 private:
  std::vector<Frame> frames_{Frame{}};
};

TEST(LivingCreations, ACallBeginsWithTheFunctionThatWasStarted) {
  Names names;
  const auto calls = creation_calls({3, 0x30, 0x100}, names);
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_EQ(calls[0].pc, 0x30u);
  EXPECT_EQ(calls[1].pc, 0xffu) << "of the call, not behind it";
  EXPECT_EQ(names.asked, (std::vector<std::pair<std::uint64_t, PcKind>>{{0x30, PcKind::kExact},
                                                                        {0x100, PcKind::kReturnAddress}}));
  EXPECT_TRUE(creation_calls({1, 0, 0}, names).empty());
}

}  // namespace
}  // namespace gorotrace
