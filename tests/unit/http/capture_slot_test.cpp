#include "http/capture_slot.h"

#include <gtest/gtest.h>

namespace gorotrace {
namespace {

using namespace std::chrono_literals;
using Held = std::shared_ptr<CaptureSlot::Held>;

class CaptureSlotTest : public testing::Test {
 protected:
  Held take(const std::stop_token& unwanted = {}) {
    auto taken = slot.take("7-8", now, unwanted);
    if (const auto* held = std::get_if<Held>(&taken)) return *held;
    busy = std::get<SlotTaken>(taken);
    return nullptr;
  }
  CaptureSlot slot;
  CaptureSlot::Clock::time_point now{100h};
  SlotTaken busy;
};

TEST_F(CaptureSlotTest, OneAtATimeUntilTheLastCopyIsGone) {
  Held first = take();
  ASSERT_TRUE(first);
  EXPECT_TRUE(slot.taken());
  ASSERT_TRUE(first->attach(now + 20s));
  EXPECT_FALSE(take());
  EXPECT_EQ(busy.again, 21s);
  EXPECT_NE(busy.why.find("7-8"), std::string::npos);
  now += 25s;  // over, and on its way to whoever asked
  const std::shared_ptr<const void> keeps = std::exchange(first, nullptr);
  EXPECT_FALSE(take());
  EXPECT_EQ(busy.again, 1s);
}

TEST_F(CaptureSlotTest, IsFreeAgain) {
  {
    const Held first = take();
  }
  EXPECT_FALSE(slot.taken());
  EXPECT_TRUE(take());
}

TEST_F(CaptureSlotTest, WhoDoesNotComeToAttachLosesIt) {
  const Held stuck = take();
  now += CaptureSlot::kToAttach - 1s;
  EXPECT_FALSE(take());
  now += 1s;
  const Held second = take();
  ASSERT_TRUE(second);
  EXPECT_FALSE(stuck->attach(now));
  EXPECT_TRUE(second->attach(now));
}

TEST_F(CaptureSlotTest, WhoHasAttachedKeepsItThoughNobodyWaits) {
  std::stop_source unwanted;
  const Held first = take(unwanted.get_token());
  ASSERT_TRUE(first->attach(now + 5s));
  unwanted.request_stop();
  EXPECT_FALSE(take());
}

TEST_F(CaptureSlotTest, SoManyThatAreHeldUpAreEnough) {
  std::vector<Held> stuck;
  for (std::size_t i = 0; i <= CaptureSlot::kMostHeldUp; ++i) {
    std::stop_source unwanted;
    stuck.push_back(take(unwanted.get_token()));
    ASSERT_TRUE(stuck.back()) << i;
    unwanted.request_stop();
  }
  EXPECT_FALSE(take());
  EXPECT_NE(busy.why.find("held up"), std::string::npos) << busy.why;
  stuck.clear();
  EXPECT_TRUE(take());
}

}  // namespace
}  // namespace gorotrace
