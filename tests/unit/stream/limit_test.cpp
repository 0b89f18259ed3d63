// A target's groups fall silent in the middle of its records.
#include "fixture.h"
#include "probe/plan.h"

namespace gorotrace {
namespace {

class Limit : public StreamTest {
 protected:
  Limit() { begin(kOne); }
  static gt_record limit(std::uint64_t at_ns, GroupMask groups) {
    gt_record r = event(GT_HOOK_LIMIT, at_ns, 0);
    r.extra = groups;
    return r;
  }
};

TEST_F(Limit, GroupsAreOffFromTheRecordOnThatSaysSo) {
  push({{numbered(event(GT_HOOK_CREATE, 2000, 1), 0), numbered(event(GT_HOOK_EXECUTE, 2050, 1), 0),
         numbered(park_event(2100, 1, kChanReceive, 5, 0), 0),
         numbered(limit(2500, group_bit(GT_GROUP_BLOCK)), 0), numbered(event(GT_HOOK_CREATE, 2600, 2), 0)}},
       3000);
  const Tables t = tables(kOne, 2900);
  EXPECT_EQ(t.covered[GT_GROUP_BLOCK], (std::vector<Interval>{{1000, 2500}}));
  EXPECT_EQ(t.covered[GT_GROUP_LIFECYCLE], (std::vector<Interval>{{1000, 2900}}));
  EXPECT_EQ(t.created, 2u);
  EXPECT_EQ(t.illegal, 0u);
  ASSERT_EQ(t.blocking.size(), 1u);
  EXPECT_EQ(t.blocking[0].tainted, 1u) << "its end was not seen";
  EXPECT_EQ(t.blocking[0].blocked_now, 0u);
}

}  // namespace
}  // namespace gorotrace
