#include "report/stat_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "fixture.h"

namespace gorotrace::report_test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

StatRows rows(Session& x, const RowOptions& options) {
  return stat_rows(x.facts, x.tables, x.symbols, options);
}

RowOptions where(std::string_view condition) {
  RowOptions options;
  EXPECT_TRUE(options.filter.add(condition)) << condition;
  return options;
}

RowOptions sorted(RowSort column) {
  RowOptions options;
  options.sort = column;
  return options;
}

RowOptions folded(FoldBy cause) {
  RowOptions options;
  options.by = cause;
  return options;
}

std::vector<std::uint64_t> stacks(const StatRows& r) {
  std::vector<std::uint64_t> out;
  for (const BlockingRow& row : r.blocking) out.push_back(row.stack);
  return out;
}

TEST(StatRows, ConditionsChooseAndCountWhatTheyHide) {
  Session x = make_session();
  EXPECT_THAT(stacks(rows(x, {})), ElementsAre(11, 12, 12));
  const StatRows receiving = rows(x, where("reason=chan"));
  EXPECT_THAT(stacks(receiving), ElementsAre(11));
  EXPECT_EQ(receiving.blocking_hidden, 2u);
  EXPECT_EQ(receiving.creation.size(), 2u) << "a creation site has no reason";
  const StatRows calls = rows(x, where("state=syscall"));
  ASSERT_EQ(calls.blocking.size(), 1u);
  EXPECT_TRUE(calls.blocking[0].in_syscall);
  const StatRows pool = rows(x, where("function=pool.(*Pool)"));
  EXPECT_THAT(stacks(pool), ElementsAre(11));
  ASSERT_EQ(pool.creation.size(), 1u);
  EXPECT_EQ(pool.creation[0]->startpc, 0x100u);
  EXPECT_EQ(pool.creation_hidden, 1u);
  EXPECT_THAT(rows(x, where("reason=no such words")).blocking, IsEmpty());
}

TEST(StatRows, CreatedByChoosesTheWaitsOfTheSitesGoroutinesToo) {
  Session x = make_session();
  RowOptions options;
  options.filter.created_by = {"pool.Start"};
  const StatRows r = rows(x, options);
  ASSERT_EQ(r.creation.size(), 1u);
  EXPECT_EQ(r.creation[0]->gopc, 0x200u);
  EXPECT_THAT(stacks(r), ElementsAre(11));
}

TEST(StatRows, OfACutStackTheSiteOfItsGoroutinesDecides) {
  Session x = make_session();
  x.symbols.cut = {11};
  x.symbols.stacks[11].resize(3);
  RowOptions by_start;
  by_start.filter.created_by = {"pool.Start"};
  StatRows r = rows(x, by_start);
  EXPECT_THAT(stacks(r), IsEmpty());
  EXPECT_EQ(r.blocking_cut, 1u) << "nobody knows who made them";
  EXPECT_EQ(rows(x, where("function=pool.(*Pool).worker")).blocking_cut, 1u);
  BlockingRow& pool = *std::ranges::find(x.tables.blocking, 11u, &BlockingRow::stack);
  pool.gopc = 0x200;
  pool.startpc = 0x100;
  r = rows(x, by_start);
  EXPECT_THAT(stacks(r), ElementsAre(11));
  EXPECT_EQ(r.blocking_cut, 0u);
  EXPECT_THAT(stacks(rows(x, where("function=pool.(*Pool).worker"))), ElementsAre(11));
  by_start.filter.created_by = {"somebody else"};
  EXPECT_EQ(rows(x, by_start).blocking_cut, 0u);
}

TEST(StatRows, CreatedByFindsWhatTheLibraryMadeForSomebody) {
  Session x = make_session();
  x.symbols.pcs[0x500] = {{"net/http.(*Transport).dialConn", "/go/src/net/http/transport.go", 1994, false}};
  x.symbols.pcs[0x510] = {
      {"net/http.(*Transport).queueForDial", "/go/src/net/http/transport.go", 1628, false}};
  x.symbols.pcs[0x520] = {{"net/http.(*persistConn).readLoop", "/go/src/net/http/transport.go", 2244, false}};
  x.symbols.stacks[31] = x.symbols.pcs[0x500];
  x.symbols.stacks[32] = {x.symbols.pcs[0x510][0], {"main.leakyClient", "/src/main.go", 52, false}};
  CreationRow loop{0x500, 0x520, false, {}, 12, 12, 0, 3'000'000'000, false};
  loop.origins = {{{{31, 0x500, 0x520, 0}, {32, 0x510, 0, 1}}, 9, 9}};
  x.tables.creation = {loop};
  RowOptions options;
  options.filter.created_by = {"main.leakyClient"};
  EXPECT_EQ(rows(x, options).creation.size(), 1u);
  options.filter.created_by = {"main.other"};
  EXPECT_EQ(rows(x, options).creation.size(), 0u);
}

TEST(StatRows, SortsByAColumnWhereThereIsOne) {
  Session x = make_session();
  EXPECT_EQ(rows(x, sorted(RowSort::kCreated)).creation[0]->created, 998u);
  EXPECT_EQ(rows(x, sorted(RowSort::kLive)).creation[0]->live, 400u);
  EXPECT_THAT(stacks(rows(x, sorted(RowSort::kCreated))), ElementsAre(11, 12, 12)) << "waits are not created";
  x.tables.blocking[0].blocked_now = 1000;
  EXPECT_EQ(rows(x, sorted(RowSort::kBlocked)).blocking[0].blocked_now, 1000u);
  EXPECT_EQ(rows(x, sorted(RowSort::kMax)).blocking[0].stack, 11u);
}

// Two library paths to one line of the program.
Session two_paths() {
  Session x = make_session();
  x.symbols.stacks[15] = x.symbols.stacks[12];
  x.symbols.stacks[15].insert(x.symbols.stacks[15].begin() + 4, Frame{"bufio.(*Reader).fill", "", 0, false});
  BlockingRow other;
  other.reason = 2;
  other.stack = 15;
  other.in_window_ns = 200'000'000'000;
  other.blocked_now = 5;
  other.oldest_ns = 7;
  other.waits.add(1000);
  other.wakers = {{WakerKind::kNetpoll, 0, 3}};
  x.tables.blocking.push_back(other);
  return x;
}

TEST(StatRows, ByUserFrameTheLibrarysPathsAreOne) {
  Session x = two_paths();
  const StatRows r = rows(x, folded(FoldBy::kUserFrame));
  ASSERT_THAT(stacks(r), ElementsAre(11, 15, 12));
  const BlockingRow& one = r.blocking[1];
  EXPECT_EQ(one.folded, 1u);
  EXPECT_EQ(one.blocked_now, 14u);
  EXPECT_EQ(one.in_window_ns, 290'000'000'000u);
  EXPECT_EQ(one.waits.count(), 1u);
  EXPECT_EQ(one.oldest_ns, 7u);
  EXPECT_THAT(one.wakers, ElementsAre(WakerRow{WakerKind::kNetpoll, 0, 3}));
  EXPECT_TRUE(r.blocking[2].in_syscall) << "a system call is no wait";
  x.symbols.stacks[15][5].line = 52;  // another line of the program
  EXPECT_EQ(rows(x, folded(FoldBy::kUserFrame)).blocking.size(), 4u);
}

TEST(StatRows, ByReasonAndByCreation) {
  Session x = two_paths();
  x.symbols.stacks[15][5] = {"main.other", "/src/main.go", 70, false};  // started with, too
  EXPECT_EQ(rows(x, folded(FoldBy::kUserFrame)).blocking.size(), 4u);
  EXPECT_EQ(rows(x, folded(FoldBy::kCreation)).blocking.size(), 4u);
  const StatRows by_reason = rows(x, folded(FoldBy::kReason));
  EXPECT_THAT(stacks(by_reason), ElementsAre(11, 15, 12));
  EXPECT_EQ(by_reason.blocking[1].blocked_now, 14u);
}

TEST(StatRows, ByLabelEachValueIsARow) {
  Session x = two_paths();
  const LabelId acme = LabelId{1} << 63 | 1;
  x.tables.blocking[0].label = acme;           // read
  x.tables.blocking.back().label = acme;       // the other path
  x.tables.blocking[3].label = kLabelNotRead;  // of another reason
  BlockingRow unread = x.tables.blocking[0];
  unread.label = kLabelNotRead;
  unread.in_window_ns = 1;
  x.tables.blocking.push_back(unread);
  RowOptions options = folded(FoldBy::kLabel);
  options.label_key = "tenant";
  const StatRows r = rows(x, options);
  ASSERT_THAT(stacks(r), ElementsAre(11, 15, 12, 12));
  EXPECT_EQ(r.blocking[1].label, acme);
  EXPECT_EQ(r.blocking[1].blocked_now, 14u);
  EXPECT_EQ(r.blocking[1].folded, 1u);
  EXPECT_EQ(r.blocking[2].label, kLabelNotRead);
  EXPECT_FALSE(r.blocking[2].in_syscall);
}

TEST(StatRows, ErrorsOfSamplesAddUpAsIndependentOnes) {
  Session x = two_paths();
  x.tables.blocking[0].sampled = SampledTime{90, 3, 1};
  x.tables.blocking.back().sampled = SampledTime{200, 4, 2};
  const auto sum = rows(x, folded(FoldBy::kReason)).blocking[1].sampled;
  EXPECT_EQ(sum, (SampledTime{290, 5, 3}));
}

}  // namespace
}  // namespace gorotrace::report_test
