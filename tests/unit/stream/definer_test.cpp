// Definitions stand in front of what names them, once each, in bounded memory.
#include "stream/definer.h"

#include <algorithm>
#include <set>

#include "fixture.h"

namespace gorotrace {
namespace {

class DefinerTest : public ::testing::Test {
 protected:
  std::vector<Item> of(gt_record record) {
    std::vector<Item> out;
    definer.define(record, out);
    last = record;
    return out;
  }
  static std::uint64_t id(const Item& item) { return std::get<StackDefined>(item.what).id; }

  PaperSource source;
  std::shared_ptr<SourceGate> gate = std::make_shared<SourceGate>(source);
  LatelyDefined lately;
  Definer definer{1, gate, lately};
  gt_record last{};
};

TEST_F(DefinerTest, AStackIsDefinedAtItsFirstRecordOnly) {
  const auto first = of(park_event(2000, 1, kChanReceive, 5));
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(id(first[0]), 5u);
  EXPECT_EQ(std::get<StackDefined>(first[0].what).stack->pcs[0], 0x401005u);
  EXPECT_TRUE(of(park_event(2100, 2, kChanReceive, 5)).empty());
  EXPECT_TRUE(of(event(GT_HOOK_EXECUTE, 2100, 2)).empty());
  EXPECT_EQ(source.asked[5], 1u);
}

TEST_F(DefinerTest, OneThatIsNotThereIsAskedForAgain) {
  source.unknown = 5;
  EXPECT_TRUE(of(park_event(2000, 1, kChanReceive, 5)).empty());
  source.unknown = 0;
  EXPECT_EQ(of(park_event(2000, 1, kChanReceive, 5)).size(), 1u);
}

TEST_F(DefinerTest, TwoTargetsWithOneIdHaveADefinitionEach) {
  Definer other(2, gate, lately);
  std::vector<Item> out;
  gt_record record = park_event(2000, 1, kChanReceive, 5);
  definer.define(record, out);
  other.define(record, out);
  definer.define(record, out);
  ASSERT_EQ(out.size(), 2u);
  EXPECT_EQ(out[1].target, 2u);
}

TEST_F(DefinerTest, AValueIsToldInFrontOfEachRecordThatNamesIt) {
  gt_record panic = event(GT_HOOK_PANIC, 2000, 1);
  panic.object = 9;
  EXPECT_TRUE(of(panic).empty()) << "the source has none";
  source.values[9] = {"string", "text", false};
  for (int i = 0; i < 2; ++i) {  // the second time it is known from the first
    const auto items = of(panic);
    ASSERT_EQ(items.size(), 1u);
    const auto& told = std::get<ValueDefined>(items[0].what);
    EXPECT_EQ(told.id, 9u);
    EXPECT_EQ(told.value, (PanicValue{"string", "text", false}));
  }
  panic.hook = GT_HOOK_RECOVERED;  // names none
  EXPECT_TRUE(of(panic).empty());
}

TEST_F(DefinerTest, StartFunctionsAreDescribedOnceEach) {
  gt_record create = event(GT_HOOK_CREATE, 2000, 1);
  create.extra = kSystemStart;
  auto items = of(create);
  ASSERT_EQ(items.size(), 1u);
  EXPECT_TRUE(std::get<FunctionDescribed>(items[0].what).system);
  create.extra = 0x4000;
  EXPECT_EQ(of(create).size(), 1u);
  create.extra = kSystemStart;
  EXPECT_TRUE(of(create).empty());
  gt_record park = park_event(2100, 1, kChanReceive, 0);
  park.extra = 0x7777;  // labels, not a function
  EXPECT_TRUE(of(park).empty());
}

TEST_F(DefinerTest, ASuspendedGoroutinesRecordGetsItsWholeStack) {
  gt_record suspend = event(GT_HOOK_SUSPEND, 2200, 1, 3);
  suspend.extra = 20;
  suspend.object = 100;
  const auto items = of(suspend);
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(id(items[0]), 3u) << "the walked one is kept: the kernel may have it no more";
  EXPECT_EQ(id(items[1]), 0x401003u + 120);
  EXPECT_EQ(last.stack, id(items[1]));
  EXPECT_EQ(std::get<StackDefined>(items[1].what).stack->pcs.size(), 2u);
  suspend.extra = 0;  // whole as it is
  EXPECT_TRUE(of(suspend).empty());
  EXPECT_EQ(last.stack, 3u);
}

TEST_F(DefinerTest, OneThatASignalInterruptedLikewise) {
  gt_record signal = event(GT_HOOK_SIGNAL, 2200, 1, 3);
  signal.extra = 3;
  signal.object = 80;
  signal.other = 20;
  const auto items = of(signal);
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(last.stack, id(items[1]));
  EXPECT_EQ(id(items[1]), 0x401003u + 100);
  EXPECT_EQ(last.object, 0u) << "a word of its stack is no object";
  EXPECT_EQ(last.other, 0u);
  EXPECT_EQ(last.extra, 3u);
  signal.object = PaperSource::kNoCaller;  // whole as it is
  EXPECT_TRUE(of(signal).empty());
  EXPECT_EQ(last.stack, 3u);
  EXPECT_EQ(last.object, 0u);
  signal.stack = 0;
  EXPECT_TRUE(of(signal).empty());
  EXPECT_EQ(last.object, 0u);
}

TEST_F(DefinerTest, ASnapshotsStacksAndFunctionsStandBeforeIt) {
  Snapshot s;
  const std::uint64_t pcs[] = {0x1, 0x2};
  s.goroutines.emplace_back();
  s.goroutines[0].stack = s.stacks.add(9, pcs, true);
  s.goroutines[0].startpc = 0x4000;
  std::vector<Item> out;
  definer.define(s, out);
  ASSERT_EQ(out.size(), 2u);
  EXPECT_EQ(id(out[0]), 9u);
  EXPECT_TRUE(std::get<StackDefined>(out[0].what).stack->truncated);
  EXPECT_EQ(s.stacks.size(), 0u);
  EXPECT_TRUE(of(park_event(2000, 1, kChanReceive, 9)).empty());
}

// A million call paths: one that is used all the time is defined again and again, for readers forget, but the
// kernel is asked for it once.
TEST_F(DefinerTest, GenerationsOfStacksAreDefinedAgainWhileTheyAreUsed) {
  constexpr std::uint64_t kPaths = 1'000'000;
  std::uint64_t defined = 0, again = 0;
  for (std::uint64_t path = 10; path < 10 + kPaths; ++path) {
    defined += of(park_event(2000 + path, 1, kChanReceive, path)).size();
    again += of(park_event(2000 + path, 1, kChanReceive, 5)).size();
  }
  EXPECT_EQ(defined, kPaths);
  EXPECT_GE(again, kPaths / StackDefinitions::kGeneration);
  EXPECT_LE(again, kPaths / StackDefinitions::kGeneration + 2);
  EXPECT_EQ(source.asked[5], 1u);
}

TEST_F(DefinerTest, ASourceThatWasTakenBackIsAskedNothing) {
  gate->close();
  EXPECT_TRUE(of(park_event(2000, 1, kChanReceive, 5)).empty());
  EXPECT_TRUE(source.asked.empty());
}

}  // namespace
}  // namespace gorotrace
