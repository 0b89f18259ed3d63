// When the world stood still, and what of the latencies was that.
#include "model/pauses.h"

#include "model/delta.h"
#include "model/open_state.h"
#include "trace.h"

namespace gorotrace {
namespace {

class PausesOf : public ModelTest {
 protected:
  PausesOf() { groups({GT_GROUP_GC}); }
  void stop(std::uint64_t t, std::uint8_t reason = kStwSweepTermination) {
    gt_record r = event(GT_HOOK_STW_BEGIN, t, 1);
    r.detail = reason;
    apply(r);
  }
  void start(std::uint64_t t) { hook(GT_HOOK_STW_END, t, 1); }
  void collect(std::uint64_t from, std::uint64_t to) {  // pauses of 10 ns at both ends
    hook(GT_HOOK_GC_BEGIN, from, 1);
    stop(from + 5, GT_NO_REASON);
    start(from + 15);
    stop(to - 5, GT_NO_REASON);
    hook(GT_HOOK_GC_END, to, 1);
    start(to + 5);
  }
  static const PauseRow* row(const PauseTables& p, std::uint8_t reason) {
    const auto found = std::ranges::find(p.rows, reason, &PauseRow::reason);
    return found == p.rows.end() ? nullptr : &*found;
  }
};

TEST_F(PausesOf, count_and_last_by_reason) {
  stop(2000, 7);
  start(2030);
  stop(2100, 9);
  start(2101);
  stop(2200, 7);
  start(2250);
  const PauseTables p = tables(3000).pauses;
  ASSERT_EQ(p.rows.size(), 2u);
  EXPECT_EQ(row(p, 7)->times.count(), 2u);
  EXPECT_EQ(row(p, 7)->times.total(), 80u);
  EXPECT_EQ(row(p, 7)->in_window_ns, 80u);
  EXPECT_EQ(row(p, 9)->times.total(), 1u);
  EXPECT_EQ(p.count(), 3u);
  EXPECT_EQ(p.stopped_ns(), 81u);
  EXPECT_EQ(p.spans, (std::vector<PauseSpan>{{2000, 2030, 7}, {2100, 2101, 9}, {2200, 2250, 7}}));
  EXPECT_EQ(tables(3000).illegal, 0u);
}

TEST_F(PausesOf, without_reasons_are_told_by_the_collection_they_are_of) {
  collect(2000, 2500);
  stop(2600, GT_NO_REASON);  // somebody reads statistics
  start(2620);
  const PauseTables p = tables(3000).pauses;
  EXPECT_EQ(row(p, kStwSweepTermination)->times.total(), 10u);
  EXPECT_EQ(row(p, kStwMarkTermination)->times.total(), 10u);
  EXPECT_EQ(row(p, GT_NO_REASON)->times.total(), 20u);
  EXPECT_EQ(p.collections.count(), 1u);
  EXPECT_EQ(p.collections.total(), 500u);
  EXPECT_EQ(p.marking, (std::vector<PauseSpan>{{2000, 2500, 0}}));
}

TEST_F(PausesOf, a_check_of_marks_begins_no_collection) {
  hook(GT_HOOK_GC_BEGIN, 2000, 1);
  stop(2100, kStwMarkTermination);
  hook(GT_HOOK_GC_END, 2110, 1);
  hook(GT_HOOK_GC_BEGIN, 2120, 1);
  start(2130);
  const PauseTables p = tables(3000).pauses;
  EXPECT_EQ(p.collections.count(), 1u);
  EXPECT_FALSE(p.marking_since_ns);
  EXPECT_EQ(p.collections_tainted, 0u);
}

TEST_F(PausesOf, one_that_goes_on_is_in_the_window_and_not_counted) {
  hook(GT_HOOK_GC_BEGIN, 2400, 1);
  stop(2500);
  const PauseTables p = tables(2600).pauses;
  EXPECT_EQ(p.count(), 0u);
  EXPECT_EQ(p.stopped_ns(), 100u);
  EXPECT_EQ(p.stopped_since_ns, 2500u);
  EXPECT_EQ(p.marking_ns, 200u);
  EXPECT_EQ(p.marking_since_ns, 2400u);
}

TEST_F(PausesOf, of_which_one_end_was_not_seen_are_no_whole_ones) {
  start(1100);  // it began before the window
  stop(2000);
  gap(2010, 2020);
  stop(2015);  // its end may be among what is lost
  start(2050);
  hook(GT_HOOK_GC_END, 2060, 1);
  const PauseTables p = tables(3000).pauses;
  EXPECT_EQ(p.count(), 0u);
  EXPECT_EQ(p.tainted, 3u);
  EXPECT_EQ(p.stopped_ns(), 10u);  // until records were lost
  EXPECT_EQ(p.collections_tainted, 1u);
  EXPECT_TRUE(p.spans.empty());
}

TEST_F(PausesOf, that_go_on_when_the_group_goes_are_not_known) {
  hook(GT_HOOK_GC_BEGIN, 1990, 1);
  stop(2000);
  model.group(GT_GROUP_GC, false, 2040);
  const PauseTables p = tables(3000).pauses;
  EXPECT_EQ(std::tuple(p.tainted, p.collections_tainted, p.stopped_ns(), p.marking_ns),
            std::tuple(1u, 1u, 40u, 50u));
  EXPECT_FALSE(p.stopped_since_ns);
}

TEST_F(PausesOf, are_a_part_of_the_latencies_that_they_held_up) {
  for (const std::uint64_t goid : {11u, 12u, 13u}) {
    create(1500, goid);
    run(1510, goid);
    park(1520, goid);
  }
  ready(1900, 11);
  run(1950, 11);  // before
  ready(2000, 12);
  stop(2010);
  ready(2020, 13);
  start(2060);
  run(2070, 12);  // all of it: 50
  stop(2080);
  start(2090);
  run(2100, 13);  // 40 and 10
  const Tables t = tables(3000);
  EXPECT_EQ(t.latency.histogram.count(), 3u);
  EXPECT_EQ(t.latency.held_up, 2u);
  EXPECT_EQ(t.latency.stopped_ns, 50u + 50u);
}

TEST_F(PausesOf, keep_the_last_and_sum_up_all) {
  create(1500, 11);
  run(1510, 11);
  park(1520, 11);
  ready(1999, 11);
  std::uint64_t t = 2000;
  constexpr std::size_t kAll = 3 * Pauses::kMaxSpans;
  for (std::size_t i = 0; i < kAll; ++i, t += 10) {
    stop(t);
    start(t + 3);
  }
  run(t, 11);
  const Tables out = tables(t);
  EXPECT_EQ(out.pauses.count(), kAll);
  EXPECT_EQ(out.pauses.stopped_ns(), 3 * kAll);
  EXPECT_EQ(out.pauses.spans.size(), Pauses::kMaxSpans);
  EXPECT_EQ(out.pauses.spans.back().to_ns, t - 7);
  // Of a wait that is longer than what is kept: at least.
  EXPECT_EQ(out.latency.held_up, 1u);
  EXPECT_LE(out.latency.stopped_ns, 3 * kAll);
  EXPECT_GE(out.latency.stopped_ns, 3 * (Pauses::kMaxSpans - 1));
}

TEST_F(PausesOf, between_two_answers_are_those_that_ended_there) {
  stop(2000, 7);
  start(2030);
  stop(2100, 7);
  const Tables before = tables(2120);
  start(2150);
  stop(2200, 9);
  start(2201);
  const Tables d = delta(before, tables(2300));
  EXPECT_EQ(row(d.pauses, 7)->times.count(), 1u);
  EXPECT_EQ(row(d.pauses, 7)->in_window_ns, 30u);  // the other 20 were before
  EXPECT_EQ(row(d.pauses, 9)->times.count(), 1u);
  EXPECT_EQ(d.pauses.spans.size(), 2u);
}

TEST_F(PausesOf, of_a_checkpoint_that_contradicts_itself_are_refused) {
  OpenState open = model.open_state(2000);
  for (const auto& spans : {std::vector<PauseSpan>{{20, 10, 1}}, {{10, 20, 1}, {15, 30, 1}}, {{10, 10, 1}}}) {
    open.pauses.spans = spans;
    Model other(test_config());
    EXPECT_FALSE(other.restore(open));
  }
  open.pauses.spans.assign(Pauses::kMaxSpans + 1, {});
  for (std::size_t i = 0; i < open.pauses.spans.size(); ++i)
    open.pauses.spans[i] = {10 * i + 1, 10 * i + 2, 1};
  Model other(test_config());
  EXPECT_FALSE(other.restore(open));
}

TEST_F(PausesOf, have_the_names_that_the_runtime_gives_them) {
  EXPECT_EQ(stw_reason_name(kStwMarkTermination), "GC mark termination");
  EXPECT_EQ(stw_reason_name(16), "ResetDebugLog (test)");
  EXPECT_EQ(stw_reason_name(17), "reason 17");
  EXPECT_EQ(stw_reason_name(GT_NO_REASON), "unknown");
}

}  // namespace
}  // namespace gorotrace
