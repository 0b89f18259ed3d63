#include "model/objects.h"

#include "trace.h"

namespace gorotrace {
namespace {

class ObjectsTest : public ModelTest {
 protected:
  ObjectsTest() { groups({GT_GROUP_SYNC, GT_GROUP_CHAN}, 1500); }
  void use(gt_hook h, std::uint64_t t, std::uint64_t goid, std::uint64_t object, std::uint64_t stack = 0,
           unsigned flags = 0) {
    gt_record r = event(h, t, goid, stack);
    r.object = object;
    r.flags = static_cast<gt_u8>(flags);
    apply(r);
  }
};

TEST_F(ObjectsTest, park_names_the_channel_waited_on) {
  run(2000, 1);
  use(GT_HOOK_CHAN_RECV, 2050, 1, 0xc0, 0, GT_REC_WOULD_BLOCK);
  park(2100, 1, kChanReceive, 5, 0xc0);
  use(GT_HOOK_CHAN_SEND, 2500, 2, 0xc0);
  ready(2600, 1);
  const Tables t = tables(3000);
  ASSERT_EQ(t.objects.size(), 1u);
  EXPECT_EQ(t.objects[0].waits, 1u);
  EXPECT_EQ(t.objects[0].in_window_ns, 500u);
  EXPECT_EQ(t.objects[0].sends, 1u);
  EXPECT_EQ(t.objects[0].receives, 1u);
  EXPECT_EQ(t.objects[0].would_block, 1u);
}

TEST_F(ObjectsTest, who_ends_a_wait_on_a_channel_is_its_counterpart) {
  for (const std::uint64_t t : {2000u, 3000u}) {
    run(t, 1);
    park(t + 100, 1, kChanReceive, 5, 0xc0);
    ready(t + 600, 1, 9);
  }
  run(4000, 1);
  park(4100, 1, kSleep, 6);  // on nothing
  ready(4600, 1, 9);
  const Tables t = tables(5000);
  ASSERT_EQ(t.objects.size(), 1u);
  ASSERT_EQ(t.objects[0].releasers.size(), 1u);
  EXPECT_EQ(t.objects[0].releasers[0].stack, 9u);
  EXPECT_EQ(t.objects[0].releasers[0].count, 2u);
}

TEST_F(ObjectsTest, semacquire_gives_the_park_behind_it_its_address_and_its_releasers) {
  run(2000, 1);
  use(GT_HOOK_SEM_ACQUIRE, 2050, 1, 0x5e);
  park(2100, 1, kMutexLock);
  use(GT_HOOK_SEM_RELEASE, 2550, 2, 0x5e, 33);
  ready(2600, 1);
  run(2650, 1);
  park(2700, 1, kMutexLock);  // lost the race for the lock: semacquire1 parks again
  const Tables t = tables(3000);
  ASSERT_EQ(t.objects.size(), 1u);
  EXPECT_EQ(t.objects[0].kind, ObjectRow::Kind::kSemaphore);
  EXPECT_EQ(t.objects[0].waits, 2u);
  EXPECT_EQ(t.objects[0].in_window_ns, 500u + 300u);
  EXPECT_EQ(t.objects[0].acquires, 1u);
  EXPECT_EQ(t.objects[0].releases, 1u);
  EXPECT_EQ(t.objects[0].releasers.at(0).stack, 33u);
}

TEST_F(ObjectsTest, a_cond_wait_is_not_a_wait_for_the_semaphore_before_it) {
  run(2000, 1);
  use(GT_HOOK_SEM_ACQUIRE, 2050, 1, 0x5e);
  park(2100, 1, kCondWait);
  EXPECT_EQ(tables(3000).objects.at(0).waits, 0u);
}

TEST_F(ObjectsTest, timer_sends_come_from_g0_and_count_without_a_goroutine) {
  use(GT_HOOK_CHAN_SEND, 2050, 0, 0xc0);
  const Tables t = tables(3000);
  EXPECT_EQ(t.objects.at(0).sends, 1u);
  EXPECT_EQ(t.live, 0u);
  EXPECT_EQ(t.illegal, 0u);
}

constexpr auto kChannel = ObjectRow::Kind::kChannel, kSemaphore = ObjectRow::Kind::kSemaphore;

TEST_F(ObjectsTest, a_wait_from_before_the_attach_counts_where_memory_proves_it) {
  look(1800, 2000,
       {seen(1, GStatus::kWaiting, 1900, kChanReceive), seen(2, GStatus::kWaiting, 1910, kMutexLock),
        seen(3, GStatus::kWaiting, 1920, kSelect)});
  model.apply(
      SeenObjects{2200, {{1, 0xc0, kChannel, 1900}, {2, 0x5e, kSemaphore, 1910}, {3, 0xc0, kChannel, 1920}}});
  ready(2500, 1);
  ready(2600, 2);
  run(2650, 2);
  park(2700, 2, kMutexLock);  // woken in vain: semacquire1 parks again
  const Tables t = tables(3000);
  ASSERT_EQ(t.objects.size(), 2u);
  EXPECT_EQ(t.objects[0].waits, 2u);
  EXPECT_EQ(t.objects[0].selects, 1u);
  EXPECT_EQ(t.objects[0].blocked_now, 1u);
  EXPECT_EQ(t.objects[0].in_window_ns, (2500 - kStart) + (3000 - kStart)) << "since the block group is on";
  EXPECT_EQ(t.objects[1].kind, kSemaphore);
  EXPECT_EQ(t.objects[1].waits, 2u);
  EXPECT_EQ(t.objects[1].selects, 0u);
  EXPECT_EQ(t.objects[1].blocked_now, 1u);
  EXPECT_EQ(t.objects[1].in_window_ns, (2600 - kStart) + 300);
}

TEST_F(ObjectsTest, what_memory_saw_holds_for_the_wait_it_saw_only) {
  look(1800, 2000,
       {seen(1, GStatus::kWaiting, 1900, kChanReceive), seen(2, GStatus::kRunning, 1900),
        seen(3, GStatus::kWaiting, 1900, kChanReceive), seen(4, GStatus::kWaiting, 1900, kChanReceive)});
  ready(2050, 1);
  run(2060, 1);
  park(2070, 1, kChanReceive, 5, 0xc1);
  ready(2100, 3);
  gap(2110, 2120);  // 4 may have run
  const SeenObjects objects{2200,
                            {{1, 0xc0, kChannel, 1900},
                             {2, 0xc0, kChannel, 1900},
                             {3, 0xc0, kChannel, 1900},
                             {4, 0xc0, kChannel, 1900},
                             {9, 0xc0, kChannel, 1900}}};
  model.apply(objects);
  const Tables t = tables(3000);
  ASSERT_EQ(t.objects.size(), 1u);
  EXPECT_EQ(t.objects[0].address, 0xc1u);
  EXPECT_EQ(t.objects[0].waits, 1u);
}

TEST_F(ObjectsTest, an_object_is_told_of_a_wait_once) {
  look(1800, 2000, {seen(1, GStatus::kWaiting, 1900, kChanReceive)});
  model.apply(SeenObjects{2200, {{1, 0xc0, kChannel, 1900}}});
  look(2800, 3000, {seen(1, GStatus::kWaiting, 2900, kChanReceive)});
  model.apply(SeenObjects{3200, {{1, 0xc0, kChannel, 2900}}});
  const Tables t = tables(4000);
  EXPECT_EQ(t.objects.at(0).waits, 1u);
  EXPECT_EQ(t.objects[0].blocked_now, 1u);
}

TEST_F(ObjectsTest, without_the_block_group_memory_tells_of_no_object) {
  model.group(GT_GROUP_BLOCK, false, 1700);
  look(1800, 2000, {seen(1, GStatus::kWaiting, 1900, kChanReceive)});
  model.apply(SeenObjects{2200, {{1, 0xc0, kChannel, 1900}}});
  groups({GT_GROUP_BLOCK}, 2500);
  model.apply(SeenObjects{2700, {{1, 0xc0, kChannel, 1900}}});
  EXPECT_TRUE(tables(3000).objects.empty());
}

TEST(Objects, eviction_keeps_what_is_waited_on_and_what_was_waited_on_most) {
  Objects objects;
  const std::uint32_t pinned = objects.row(ObjectRow::Kind::kChannel, 1);
  objects[pinned].open = 1;
  const std::uint32_t hot = objects.row(ObjectRow::Kind::kChannel, 2);
  objects[hot].in_window_ns = 1000;
  for (std::uint64_t address = 3; address < 200000; ++address) {
    ASSERT_NE(objects.row(ObjectRow::Kind::kChannel, address), kNone);
  }
  EXPECT_EQ(objects.row(ObjectRow::Kind::kChannel, 1), pinned);
  EXPECT_EQ(objects.row(ObjectRow::Kind::kChannel, 2), hot);
  EXPECT_EQ(objects[hot].in_window_ns, 1000u);
  EXPECT_GT(objects.evicted(), 0u);
  EXPECT_LE(objects.all().size(), Objects::kMaxRows);
}

TEST(Objects, a_table_full_of_open_waits_refuses) {
  Objects objects;
  for (std::uint64_t address = 1; address <= Objects::kMaxRows; ++address) {
    objects[objects.row(ObjectRow::Kind::kChannel, address)].open = 1;
  }
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(objects.row(ObjectRow::Kind::kSemaphore, 1), kNone);
}

}  // namespace
}  // namespace gorotrace
