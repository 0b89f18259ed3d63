// What a window is worth that ended before all goroutines were read.
#include "evidence/trust.h"

#include <gtest/gtest.h>

#include "fixture.h"

namespace gorotrace {
namespace {

using report_test::make_session;
using report_test::Session;
using report_test::without_run;

TEST(Trust, WithoutThoseFromBeforeTheWindowNoTableIsExact) {
  Session x = make_session();
  for (const TableKind kind : {TableKind::kGoroutineSeconds, TableKind::kGoroutines, TableKind::kBlocking,
                               TableKind::kCreation, TableKind::kLatency}) {
    x.tables.looked = true;
    EXPECT_EQ(table_trust(kind, x.facts, x.tables).quality, Quality::kExact);
    x.tables.looked = false;
    const Quality expected = kind == TableKind::kLatency ? Quality::kExact : Quality::kLowerBound;
    EXPECT_EQ(table_trust(kind, x.facts, x.tables).quality, expected);
  }
}

TEST(Trust, PausesAreExactWhereTheirGroupSawAllOfTheWindow) {
  Session x = make_session();
  EXPECT_FALSE(table_trust(TableKind::kPauses, x.facts, x.tables).probed());
  EXPECT_FALSE(knows_pauses(x.facts, x.tables));

  x.facts.requested |= group_bit(GT_GROUP_GC);
  x.tables.covered[GT_GROUP_GC] = {{x.facts.begin_ns, x.facts.end_ns}};
  x.tables.looked = false;  // whom memory shows has no part in it
  x.tables.table_overflow = x.tables.stacks_undefined = 1;
  EXPECT_EQ(table_trust(TableKind::kPauses, x.facts, x.tables).quality, Quality::kExact);
  EXPECT_TRUE(knows_pauses(x.facts, x.tables));

  // Something was lost, or the group went.
  x.tables.covered[GT_GROUP_GC] = {{x.facts.begin_ns, x.facts.begin_ns + 5},
                                   {x.facts.begin_ns + 6, x.facts.end_ns}};
  EXPECT_EQ(table_trust(TableKind::kPauses, x.facts, x.tables).quality, Quality::kLowerBound);
  EXPECT_TRUE(knows_pauses(x.facts, x.tables));
  x.tables.covered[GT_GROUP_RUN].clear();  // then the latencies are not the probes'
  EXPECT_FALSE(knows_pauses(x.facts, x.tables));
}

// Who waits is known as well as with it; of the others not whether they run.
TEST(Trust, BlockWithoutRunLeavesOpenWhoRuns) {
  Session x = make_session();
  for (const GState s : {GState::kRunning, GState::kRunnable}) EXPECT_TRUE(has_figure(s, x.facts, x.tables));
  EXPECT_FALSE(has_figure(GState::kAwake, x.facts, x.tables));

  without_run(x);
  for (const GState s : {GState::kRunning, GState::kRunnable}) EXPECT_FALSE(has_figure(s, x.facts, x.tables));
  for (const GState s : {GState::kAwake, GState::kWaiting, GState::kUnknown})
    EXPECT_TRUE(has_figure(s, x.facts, x.tables));
  EXPECT_EQ(table_trust(TableKind::kGoroutineSeconds, x.facts, x.tables).quality, Quality::kExact);
  EXPECT_EQ(table_trust(TableKind::kBlocking, x.facts, x.tables).quality, Quality::kExact);
  EXPECT_FALSE(table_trust(TableKind::kLatency, x.facts, x.tables).probed());

  // Sampling took over from block, and told them apart from then on.
  x.tables.state_ns[static_cast<std::size_t>(GState::kRunning)] = 1;
  for (const GState s : {GState::kRunning, GState::kRunnable, GState::kAwake})
    EXPECT_TRUE(has_figure(s, x.facts, x.tables));

  Session memory = make_session();
  memory.facts.requested = 0;
  EXPECT_TRUE(has_figure(GState::kRunnable, memory.facts, memory.tables));
}

TEST(IntervalRow, WhoIsRunnableIsNotKnownByBlockAlone) {
  Sample before, now;
  now.at_ns = 1'000'000'000;
  now.totals.in_state[static_cast<std::size_t>(GState::kRunnable)] = 3;
  EXPECT_EQ(interval_row(before, now).runnable, 3u) << "as memory has it";
  before.groups = now.groups = group_bit(GT_GROUP_BLOCK);
  EXPECT_FALSE(interval_row(before, now).runnable.has_value());
  before.at_ns = 1'000;
  now.totals.runs = SampledRuns{};
  now.totals.runs->runnable_last = 7;
  now.totals.runs->last_look_ns = before.at_ns;
  EXPECT_FALSE(interval_row(before, now).runnable.has_value()) << "that was an interval ago";
  now.totals.runs->last_look_ns = before.at_ns + 1;
  EXPECT_EQ(interval_row(before, now).runnable, 7u) << "as sampling has it, also if it has ended since";
  now.totals.runs.reset();
  before.groups = now.groups = group_bit(GT_GROUP_BLOCK) | group_bit(GT_GROUP_RUN);
  EXPECT_EQ(interval_row(before, now).runnable, 3u);
}

TEST(CreatedExited, OneReadingOfTheCountersTellsNoDifference) {
  Session x = make_session();
  x.tables.covered = {};  // no probes
  EXPECT_FALSE(created_exited(x.facts, x.tables).created);
  x.facts.counters_begin = {.time_ns = Session::kBegin, .created = 100, .syscalls = 5};
  x.facts.counters_end = x.facts.counters_begin;
  EXPECT_FALSE(created_exited(x.facts, x.tables).created);
  EXPECT_FALSE(syscall_count(x.facts, x.tables).count);
  x.facts.counters_end = {.time_ns = x.facts.end_ns + 1, .created = 103, .syscalls = 9};  // some time later
  const CreatedExited whole = created_exited(x.facts, x.tables);
  EXPECT_EQ(whole.created, 3u);
  EXPECT_FALSE(whole.partial);
  EXPECT_EQ(whole.covered_ns(), Session::kWindow);
  EXPECT_EQ(syscall_count(x.facts, x.tables).count, 4u);
  x.facts.counters_begin->time_ns = Session::kBegin + 1'000'000'000;  // late, on a machine that is busy
  const CreatedExited part = created_exited(x.facts, x.tables);
  EXPECT_TRUE(part.partial);
  EXPECT_EQ(part.covered_ns(), Session::kWindow - 1'000'000'000);
}

TEST(IntervalRow, RatesAreOfItsOwnLength) {
  Session x = make_session();
  Sample before, now;
  before.groups = now.groups = x.facts.requested;
  before.at_ns = 5'000'000'000;
  now.at_ns = 5'400'000'000;  // the last part of a window
  now.totals.created = 40;
  const IntervalRow row = interval_row(before, now);
  ASSERT_TRUE(row.created);
  EXPECT_EQ(row.created->count, 40u);
  EXPECT_DOUBLE_EQ(row.created->per_s, 100);
}

TEST(IntervalRow, LiveIsTheCountersUntilAllWereReadAndNothingWithoutThem) {
  Session x = make_session();
  Sample before, now;
  before.groups = now.groups = x.facts.requested;
  now.at_ns = 1'000'000'000;
  now.totals.live = 3;
  EXPECT_EQ(interval_row(before, now).live, 3);
  EXPECT_EQ(interval_row(before, now).live_engine, Engine::kProbes);
  now.live_known = false;
  EXPECT_FALSE(interval_row(before, now).live.has_value());
  now.counters = RuntimeCounters{.live = 1000};
  EXPECT_EQ(interval_row(before, now).live, 1000);
  EXPECT_EQ(interval_row(before, now).live_engine, Engine::kCounters);
}

}  // namespace
}  // namespace gorotrace
