// What a window is worth that ended before all goroutines were read.
#include "evidence/trust.h"

#include <gtest/gtest.h>

#include "fixture.h"

namespace gorotrace {
namespace {

using report_test::make_session;
using report_test::Session;

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
