// Whose label a wait has: what a look read holds while the goroutine's parks tell of the same set of labels.
#include <algorithm>

#include "trace.h"

namespace gorotrace {
namespace {

constexpr std::uint64_t kSet = 0xc0de00, kOtherSet = 0xc0de40;
constexpr LabelId kAcme = LabelId{1} << 63 | 1, kZeta = LabelId{1} << 63 | 2;

class LabelsTest : public ModelTest {
 protected:
  explicit LabelsTest(bool asked = true) : ModelTest({.wait_reasons = kReasons, .by_label = asked}) {}
  void nap(std::uint64_t t, std::uint64_t goid, std::uint64_t labels) {
    run(t, goid);
    gt_record r = park_event(t + 10, goid, kSleep, 5);
    r.extra = labels;
    apply(r);
  }
  static GoroutineSnapshot labelled(std::uint64_t goid, std::uint64_t labels, LabelId label,
                                    Reason reason = kSleep) {
    GoroutineSnapshot g = seen(goid, GStatus::kWaiting, 0, reason);
    g.labels = labels;
    g.label = label;
    return g;
  }
  // Told from t + 5 on.
  void read(std::uint64_t t, std::vector<GoroutineSnapshot> goroutines) {
    for (GoroutineSnapshot& g : goroutines) g.read_at_ns = t;
    Snapshot s = snapshot(t - 5, t + 5, std::move(goroutines));
    s.label_values = {{kAcme, "acme"}, {kZeta, "zeta"}};
    model.apply(s);
  }
  std::uint64_t waits(std::uint64_t at, LabelId label) {
    std::uint64_t sum = 0;
    for (const BlockingRow& row : tables(at).blocking) sum += row.label == label ? row.waits.count() : 0;
    return sum;
  }
  std::uint64_t blocked(std::uint64_t at, LabelId label) {
    std::uint64_t sum = 0;
    for (const BlockingRow& row : tables(at).blocking) sum += row.label == label ? row.blocked_now : 0;
    return sum;
  }
};

TEST_F(LabelsTest, a_wait_without_labels_is_known_by_its_park) {
  nap(2000, 1, 0);
  ready(2500, 1);
  EXPECT_EQ(waits(3000, kLabelNone), 1u);
}

TEST_F(LabelsTest, what_was_read_holds_from_the_wait_that_goes_on) {
  nap(2000, 1, kSet);
  ready(2500, 1);
  nap(2600, 1, kSet);
  read(2700, {labelled(1, kSet, kAcme)});
  EXPECT_EQ(blocked(2800, kAcme), 1u);
  ready(2900, 1);
  nap(3000, 1, kSet);
  ready(3100, 1);
  const Tables t = tables(3200);
  EXPECT_EQ(waits(3200, kAcme), 2u);
  EXPECT_EQ(waits(3200, kLabelNotRead), 1u) << "it ended before anybody looked";
  EXPECT_EQ(t.label_values.at(kAcme), "acme");
  std::uint64_t in_window = 0;
  for (const BlockingRow& row : t.blocking) in_window += row.in_window_ns;
  EXPECT_EQ(in_window, 490u + 290u + 90u) << "each wait is in one row";
}

TEST_F(LabelsTest, an_address_that_comes_again_proves_nothing) {
  nap(2000, 1, kSet);
  read(2100, {labelled(1, kSet, kAcme)});
  ready(2200, 1);
  nap(2300, 1, kOtherSet);
  ready(2400, 1);
  nap(2500, 1, kSet);  // by now it may be another set
  ready(2600, 1);
  EXPECT_EQ(waits(3000, kAcme), 1u);
  EXPECT_EQ(waits(3000, kLabelNotRead), 2u);
}

TEST_F(LabelsTest, nor_does_one_behind_a_park_without_labels) {
  nap(2000, 1, kSet);
  read(2100, {labelled(1, kSet, kAcme)});
  ready(2200, 1);
  nap(2300, 1, 0);
  ready(2400, 1);
  nap(2500, 1, kSet);
  EXPECT_EQ(waits(3000, kAcme), 1u);
  EXPECT_EQ(waits(3000, kLabelNone), 1u);
  EXPECT_EQ(blocked(3000, kLabelNotRead), 1u);
}

TEST_F(LabelsTest, a_look_that_comes_late_names_those_since) {
  nap(2000, 1, kSet);
  ready(2200, 1);
  nap(2300, 1, kSet);
  read(2100, {labelled(1, kSet, kAcme)});  // of the wait before; the set is the same
  EXPECT_EQ(blocked(2400, kLabelNotRead), 1u) << "a wait that began behind the reading keeps its row";
  ready(2500, 1);
  nap(2600, 1, kSet);
  EXPECT_EQ(blocked(2700, kAcme), 1u);
}

TEST_F(LabelsTest, a_look_of_before_another_set_says_nothing) {
  nap(2000, 1, kSet);
  ready(2200, 1);
  nap(2300, 1, kOtherSet);
  read(2100, {labelled(1, kSet, kAcme)});
  ready(2400, 1);
  nap(2500, 1, kOtherSet);
  EXPECT_EQ(blocked(2600, kLabelNotRead), 1u);
}

TEST_F(LabelsTest, a_goroutine_inherits_from_whoever_makes_it) {
  nap(2000, 1, kSet);
  read(2100, {labelled(1, kSet, kAcme)});
  ready(2200, 1);
  run(2300, 1);
  for (const std::uint64_t goid : {2u, 3u}) {
    gt_record r = event(GT_HOOK_CREATE, 2400 + goid, goid, 77);
    r.other = 1;
    r.object = 0x4100;
    r.extra = 0x4000;
    apply(r);
  }
  nap(2500, 2, kSet);
  nap(2600, 3, kOtherSet);  // took labels of its own
  EXPECT_EQ(blocked(2800, kAcme), 1u);
  EXPECT_EQ(blocked(2800, kLabelNotRead), 1u);
}

TEST_F(LabelsTest, what_was_lost_may_have_been_another_set) {
  nap(2000, 1, kSet);
  read(2100, {labelled(1, kSet, kAcme)});
  gap(2200, 2300);
  nap(2400, 1, kSet);
  EXPECT_EQ(blocked(2500, kAcme), 0u);
  read(2600, {labelled(1, kSet, kAcme)});
  EXPECT_EQ(blocked(2700, kAcme), 1u);
}

TEST_F(LabelsTest, waits_from_before_the_window_are_named_by_the_look_that_found_them) {
  for (const std::uint64_t t : {1900u, 2900u})
    read(t, {labelled(1, kSet, kAcme, kChanReceive), labelled(2, 0, kLabelNone, kChanReceive)});
  const Tables t = tables(4000);
  ASSERT_EQ(t.blocking.size(), 2u);
  EXPECT_EQ(blocked(4000, kAcme), 1u);
  EXPECT_EQ(blocked(4000, kLabelNone), 1u);
  for (const BlockingRow& row : t.blocking) {
    EXPECT_EQ(row.in_window_ns, 4000 - kStart) << "it is one wait from look to look";
    EXPECT_EQ(row.ended_unknown, 0u);
  }
}

TEST_F(LabelsTest, a_set_that_made_no_sense_is_read_by_a_later_look) {
  read(1900, {labelled(1, kSet, kLabelNotRead, kChanReceive)});
  EXPECT_EQ(blocked(2000, kLabelNotRead), 1u);
  read(2900, {labelled(1, kSet, kAcme, kChanReceive)});
  EXPECT_EQ(blocked(3000, kAcme), 1u);
  for (const BlockingRow& row : tables(3000).blocking)
    EXPECT_EQ(row.in_window_ns, row.blocked_now * (3000 - kStart)) << "all of the wait goes along";
}

class WithoutLabels : public LabelsTest {
 protected:
  WithoutLabels() : LabelsTest(false) {}
};

TEST_F(WithoutLabels, nobody_asked) {
  nap(2000, 1, kSet);
  read(2100, {labelled(1, kSet, kAcme)});
  ready(2200, 1);
  nap(2300, 1, 0);
  const Tables t = tables(3000);
  ASSERT_EQ(t.blocking.size(), 1u);
  EXPECT_EQ(t.blocking[0].label, kNoLabelAsked);
}

}  // namespace
}  // namespace gorotrace
