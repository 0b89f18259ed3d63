#include "capture/slots.h"

#include <gtest/gtest.h>

namespace gorotrace {
namespace {

TEST(Slots, TheOneThatWasFreeLongestComesFirst) {
  Slots slots(3);
  EXPECT_EQ(slots.take(0), target_id(0, 0));
  EXPECT_EQ(slots.take(0), target_id(1, 0));
  slots.give_back(target_id(0, 0), 0);
  EXPECT_EQ(slots.take(100), target_id(2, 0));
  EXPECT_EQ(slots.take(100), target_id(0, 1));
  EXPECT_EQ(slots.take(100), std::nullopt);
}

TEST(Slots, NotBeforeAPassThatBeganBehindItsReturn) {
  Slots slots(1);
  const auto first = slots.take(7);
  ASSERT_TRUE(first);
  slots.give_back(*first, 7);
  EXPECT_EQ(slots.take(7), std::nullopt);
  EXPECT_EQ(slots.take(8), std::nullopt);  // may have begun before
  EXPECT_EQ(slots.take(9), target_id(0, 1));
}

TEST(Slots, GenerationsWrap) {
  Slots slots(1);
  for (unsigned i = 0; i < 300; ++i) {
    const auto id = slots.take(2 * i);
    ASSERT_EQ(id, target_id(0, static_cast<std::uint8_t>(i)));
    slots.give_back(*id, 2 * i);
  }
}

TEST(TargetId, NamesSlotAndGeneration) {
  const TargetId id = target_id(60000, 255);
  EXPECT_EQ(slot_of(id), 60000);
  EXPECT_EQ(generation_of(id), 255);
  gt_record record{};
  record.target = 60000;
  record.generation = 255;
  EXPECT_EQ(target_of(record), id);
}

}  // namespace
}  // namespace gorotrace
