#include <gmock/gmock.h>

#include "fixture.h"
#include "report/comparison_report.h"

namespace gorotrace::report_test {
namespace {

using namespace testing;

ComparedWindow window(Session& x) {
  return {x.facts, x.tables, x.symbols};
}
const ComparedWaits* waits_in(const Comparison& c, const std::string& function) {
  for (const ComparedWaits& w : c.waits) {
    if (std::ranges::find(w.functions, function) != w.functions.end()) return &w;
  }
  return nullptr;
}

TEST(Comparison, OfAWindowWithItselfNothingDiffers) {
  Session x = make_session();
  const Comparison c = compare(window(x), window(x));
  ASSERT_FALSE(c.waits.empty());
  for (const ComparedWaits& w : c.waits) {
    ASSERT_TRUE(w.before && w.after);
    EXPECT_EQ(w.before->count, w.after->count);
    EXPECT_EQ(w.before->blocked, w.after->blocked);
  }
  EXPECT_THAT(comparison_text(window(x), window(x), {}), HasSubstr("no creation site has more goroutines"));
}

TEST(Comparison, ComparesByFunctionsAndPerSecond) {
  Session before = make_session(), after = make_session();
  after.facts.end_ns = after.facts.begin_ns + Session::kWindow / 2;
  for (BlockingRow& row : after.tables.blocking) row.in_window_ns /= 2;
  // Another build: other addresses, other lines.
  after.symbols.stacks[99] = after.symbols.stacks[11];
  for (Frame& frame : after.symbols.stacks[99]) frame.line += 5;
  for (BlockingRow& row : after.tables.blocking) {
    if (row.stack == 11) row.stack = 99;
  }
  const Comparison c = compare(window(before), window(after));
  const ComparedWaits* pool = waits_in(c, "example.com/server/internal/pool.(*Pool).worker");
  ASSERT_NE(pool, nullptr);
  ASSERT_TRUE(pool->before && pool->after);
  EXPECT_DOUBLE_EQ(pool->before->blocked, pool->after->blocked);
  EXPECT_DOUBLE_EQ(2 * pool->before->per_s, pool->after->per_s);
  EXPECT_EQ(pool->at, "pool.go:85") << "of the later window";
  EXPECT_THAT(pool->functions, Not(Contains(StartsWith("runtime."))));
}

TEST(Comparison, SaysWhatGrewGotSlowerAndIsNew) {
  Session before = make_session(), after = make_session();
  for (CreationRow& row : after.tables.creation) row.live += row.system ? 0 : 17;
  for (BlockingRow& row : after.tables.blocking) {
    if (row.stack != 11) continue;
    row.waits = {};
    for (int i = 0; i < 100; ++i) row.waits.add(90'000'000);
  }
  std::erase_if(before.tables.blocking, [](const BlockingRow& row) { return row.stack == 12; });
  const std::string text = comparison_text(window(before), window(after), {.limit = 0, .width = 100});
  const std::size_t grew = text.find("WHAT GREW"), slower = text.find("WHAT GOT SLOWER"),
                    fresh = text.find("WHAT IS NEW"), gone = text.find("WHAT IS GONE");
  ASSERT_TRUE(grew < slower && slower < fresh && fresh < gone && gone != std::string::npos) << text;
  EXPECT_LT(text.find("(*Pool).worker  created by example.com/server/internal/pool.Start"), slower) << text;
  const std::size_t pool = text.find("(*Pool).next", slower), serve = text.find("main.serve", fresh);
  EXPECT_LT(pool, fresh) << text;
  EXPECT_LT(serve, gone) << text;
  EXPECT_THAT(text.substr(fresh), HasSubstr("blocked - -> 9.00"));
}

TEST(Comparison, PanicsCompareByTypePlaceAndWhereTheyWereRecovered) {
  Session before = make_session(), after = make_session();
  const auto thrown = [](const char* type, std::uint64_t place, std::uint64_t count) {
    return PanicRow{.stack = 11, .type = type, .place = place, .count = count, .last_ns = 0, .last = {}};
  };
  before.tables.panics.rows = {thrown("main.T", 12, 10), thrown("main.Old", 0, 1)};
  after.tables.panics.rows = {thrown("main.T", 12, 70), thrown("main.T", 0x7777, 2)};
  const Comparison c = compare(window(before), window(after));
  ASSERT_EQ(c.panics.size(), 3u);
  EXPECT_EQ(c.panics[0].before->count, 10u);
  EXPECT_EQ(c.panics[0].after->count, 70u);
  EXPECT_EQ(c.panics[1].recovered_in, "") << "where is not known";
  EXPECT_TRUE(c.panics[1].recovered && !c.panics[1].before);
  EXPECT_FALSE(c.panics[2].recovered || c.panics[2].after);
  const std::string text = comparison_text(window(before), window(after), {.width = 100});
  EXPECT_THAT(text, HasSubstr("panics 10 -> 70, per second"));
  EXPECT_THAT(text, HasSubstr("recovered where nothing is known of"));
  EXPECT_THAT(text, HasSubstr("panics 1 -> -, per second"));
  EXPECT_THAT(text, HasSubstr("recovered by nobody"));
}

TEST(Comparison, PausesCompareByReasonAndCollectionsBesideThem) {
  Session before = make_session(), after = make_session();
  const auto paused = [](std::uint8_t reason, std::uint64_t ns) {
    PauseRow row{.reason = reason, .times = {}, .in_window_ns = ns};
    row.times.add(ns);
    return row;
  };
  before.tables.pauses.rows = {paused(kStwMarkTermination, 1'000'000)};
  after.tables.pauses.rows = {paused(kStwMarkTermination, 9'000'000),
                              paused(kStwSweepTermination, 2'000'000)};
  after.tables.pauses.collections.add(50'000'000);
  after.tables.pauses.marking_ns = 50'000'000;
  const Comparison c = compare(window(before), window(after));
  ASSERT_EQ(c.pauses.size(), 3u);
  EXPECT_EQ(c.pauses[0].reason, "");
  EXPECT_EQ(c.pauses[1].reason, "GC mark termination");
  EXPECT_EQ(c.pauses[1].before->max_ns, 1'000'000u);
  EXPECT_EQ(c.pauses[1].after->mean_ns, 9'000'000u);
  EXPECT_FALSE(c.pauses[2].before);
  const std::string text = comparison_text(window(before), window(after), {.width = 100});
  EXPECT_THAT(text, HasSubstr("collections, marking"));
  EXPECT_THAT(text, HasSubstr("max 1.00ms -> 9.00ms"));
}

TEST(Comparison, AWindowWithoutLengthDividesByNothing) {
  Session x = make_session();
  x.facts.end_ns = x.facts.begin_ns - 1;
  EXPECT_THAT(comparison_text(window(x), window(x), {}), Not(HasSubstr("inf")));
}

}  // namespace
}  // namespace gorotrace::report_test
