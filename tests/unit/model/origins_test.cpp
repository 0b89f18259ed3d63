// Whose code led to a goroutine: by what probes saw of creators, by what memory says of parents, and not
// further.
#include "model/lineage.h"
#include "trace.h"

namespace gorotrace {
namespace {

constexpr std::uint64_t kDial = 0x4100, kRequest = 0x4200;                             // go statements
constexpr std::uint64_t kDialing = 0x5100, kLoop = 0x5200;                             // what they start
constexpr std::uint64_t kInDial = 71, kInRequestOfLeaky = 72, kInRequestOfOther = 73;  // stacks

class Origins : public ModelTest {
 protected:
  Origins() {
    define(kInDial, false);
    define(kInRequestOfLeaky, true);
    define(kInRequestOfOther, true);
  }
  void define(std::uint64_t stack, bool user_code) {
    StackPcs pcs{{stack}, false};
    pcs.user_code = user_code;
    model.define(stack, std::make_shared<const StackPcs>(std::move(pcs)));
  }
  void make(std::uint64_t t, std::uint64_t goid, std::uint64_t creator, std::uint64_t gopc,
            std::uint64_t startpc, std::uint64_t stack) {
    gt_record r = event(GT_HOOK_CREATE, t, goid, stack);
    r.object = gopc;
    r.extra = startpc;
    r.other = creator;
    apply(r);
  }
  // As net/http: `client` asks for a connection, `dialer` makes it and the goroutine that stays, and exits.
  void connect(std::uint64_t t, std::uint64_t client, std::uint64_t request_stack, std::uint64_t dialer,
               std::uint64_t stays) {
    make(t, dialer, client, kRequest, kDialing, request_stack);
    run(t + 1, dialer);
    make(t + 2, stays, dialer, kDial, kLoop, kInDial);
    exit(t + 3, dialer);
  }
  CreationRow row(std::uint64_t gopc, std::uint64_t at = 9000) {
    for (const CreationRow& r : tables(at).creation) {
      if (r.gopc == gopc) return r;
    }
    ADD_FAILURE() << "no row";
    return {};
  }
  static GoroutineSnapshot seen_of(std::uint64_t goid, std::uint64_t parent, std::uint64_t gopc,
                                   std::uint64_t startpc, std::uint64_t at) {
    GoroutineSnapshot g = seen(goid, GStatus::kWaiting, at, kChanReceive);
    g.parent_goid = parent;
    g.gopc = gopc;
    g.startpc = startpc;
    return g;
  }
};

TEST_F(Origins, lead_through_a_creator_that_has_exited) {
  connect(2000, 1, kInRequestOfLeaky, 10, 11);
  connect(2100, 1, kInRequestOfLeaky, 20, 21);
  connect(2200, 2, kInRequestOfOther, 30, 31);
  const CreationRow dial = row(kDial);
  ASSERT_EQ(dial.origins.size(), 2u);
  EXPECT_EQ(dial.origins[0].live, 2u);
  EXPECT_EQ(dial.origins[0].created, 2u);
  const std::vector<CreationLink> leaky{{kInDial, kDial, kLoop, 0},
                                        {kInRequestOfLeaky, kRequest, kDialing, 1}};
  EXPECT_EQ(dial.origins[0].links, leaky) << "two dialers: several creators; one client";
  EXPECT_EQ(dial.origins[1].links[0].creator, 30u);
  EXPECT_EQ(dial.origins[1].links[1].stack, kInRequestOfOther);
  // One stack, whoever led to it.
  ASSERT_EQ(dial.stacks.size(), 1u);
  EXPECT_EQ(dial.stacks[0].created, 3u);
  // All that is named has its definition.
  const Tables t = tables(9000);
  EXPECT_NE(t.stacks.find(kInRequestOfOther), nullptr);
  EXPECT_EQ(t.stacks_undefined, 0u);
}

TEST_F(Origins, end_with_the_programs_own_code) {
  connect(2000, 1, kInRequestOfLeaky, 10, 11);
  make(3000, 40, 11, 0x4300, 0x5300, kInRequestOfOther);
  const CreationRow own = row(0x4300);
  ASSERT_EQ(own.origins.size(), 1u);
  EXPECT_EQ(own.origins[0].links.size(), 1u);
}

TEST_F(Origins, of_goroutines_that_make_one_another_without_end_are_bounded) {
  make(2000, 1, 0, kDial, kLoop, kInDial);
  for (std::uint64_t goid = 2; goid < 1000; ++goid) {
    make(2000 + 10 * goid, goid, goid - 1, kDial, kLoop, kInDial);
    exit(2001 + 10 * goid, goid - 1);
  }
  const CreationRow dial = row(kDial, 20'000);
  EXPECT_LE(dial.origins.size(), Lineage::kMaxLinks);
  for (const auto& origin : dial.origins) EXPECT_LE(origin.links.size(), Lineage::kMaxLinks);
  EXPECT_LE(model.creations().creations.size(), Lineage::kMaxLinks);
}

TEST_F(Origins, of_creators_that_nobody_is_left_of_are_forgotten) {
  connect(2000, 1, kInRequestOfLeaky, 10, 11);
  EXPECT_EQ(model.creations().creations.size(), 2u);
  run(3000, 11);
  exit(3001, 11);
  EXPECT_TRUE(model.creations().creations.empty());
}

TEST_F(Origins, from_memory_follow_parents_that_live) {
  look(2000, 2010,
       {seen_of(11, 10, kDial, kLoop, 2000), seen_of(10, 1, kRequest, kDialing, 2001),
        seen_of(31, 30, kDial, kLoop, 2002)});
  const CreationRow dial = row(kDial);
  ASSERT_EQ(dial.origins.size(), 2u);
  for (const CreationRow::Origin& origin : dial.origins) {
    EXPECT_EQ(origin.live, 1u);
    EXPECT_EQ(origin.created, 0u);
    EXPECT_EQ(origin.links[0].stack, 0u);
    EXPECT_EQ(origin.links.size(), origin.links[0].creator == 10 ? 2u : 1u);
  }
  EXPECT_TRUE(dial.stacks.empty());
}

TEST_F(Origins, that_make_a_circle_are_no_chain) {
  look(2000, 2010,
       {seen_of(1, 2, kDial, kLoop, 2000), seen_of(2, 1, kRequest, kDialing, 2001),
        seen_of(3, 3, 0x4300, 0x5300, 2002)});
  for (const CreationRow& r : tables(9000).creation) {
    ASSERT_EQ(r.origins.size(), 1u);
    EXPECT_LE(r.origins[0].links.size(), 2u);
  }
  look(3000, 3010, {});
  EXPECT_TRUE(model.creations().creations.empty()) << "nothing keeps itself";
}

// The goid of an extra M serves one C thread after another (needm): what the last one was is no creator.
TEST_F(Origins, do_not_lead_through_a_number_that_was_used_again) {
  make(2000, 7, 1, kRequest, kDialing, kInRequestOfLeaky);
  hook(GT_HOOK_EXTRA_IN, 2100, 7);
  make(2200, 11, 7, kDial, kLoop, kInDial);
  const CreationRow dial = row(kDial);
  ASSERT_EQ(dial.origins.size(), 1u);
  EXPECT_EQ(dial.origins[0].links.size(), 1u);
}

TEST_F(Origins, beyond_what_a_site_has_room_for_are_counted) {
  for (std::uint64_t i = 0; i < 300; ++i) make(2000 + i, 100 + i, 1, kDial, kLoop, 1000 + i);
  const Tables t = tables(9000);
  EXPECT_EQ(t.creation[0].origins.size(), 256u);
  EXPECT_EQ(t.table_overflow, 44u);
  EXPECT_EQ(t.creation[0].live, 300u);
}

}  // namespace
}  // namespace gorotrace
