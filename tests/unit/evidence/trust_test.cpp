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
