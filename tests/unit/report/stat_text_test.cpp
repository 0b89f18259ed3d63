#include "report/stat_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "fixture.h"
#include "report/columns.h"
#include "report/frames.h"

namespace gorotrace::report_test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string text(Session& x, const StatTextOptions& options = {}) {
  return stat_summary_text(x.facts, x.tables, x.symbols, options);
}

void expect_fits(const std::string& all, std::size_t width) {
  std::istringstream lines(all);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_LE(display_width(line), width) << line;
  }
}

// GOROTRACE_UPDATE_GOLDEN=1 writes the files instead: read the diff before committing it.
void expect_golden(const std::string& name, const std::string& actual) {
  const std::string path = std::string(GOLDEN_DIR) + "/" + name;
  if (std::getenv("GOROTRACE_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << actual;
  std::ifstream in(path);
  ASSERT_TRUE(in) << path;
  std::stringstream expected;
  expected << in.rdbuf();
  EXPECT_EQ(actual, expected.str());
}

TEST(StatText, Golden80) {
  Session x = make_session();
  const std::string out = text(x, {.width = 80});
  expect_fits(out, 80);
  expect_golden("stat_80.txt", out);
}

TEST(StatText, Golden120) {
  Session x = make_session();
  const std::string out = text(x, {.width = 120});
  expect_fits(out, 120);
  expect_golden("stat_120.txt", out);
}

Session with_pauses() {
  Session x = make_session();
  x.facts.requested |= group_bit(GT_GROUP_GC);
  x.tables.covered[GT_GROUP_GC] = {{Session::kBegin, Session::kBegin + Session::kWindow}};
  PauseTables& p = x.tables.pauses;
  p.rows.resize(2);
  p.rows[0].reason = kStwMarkTermination;
  p.rows[1].reason = 7;
  p.rows[0].times.add(40'000, 3);
  p.rows[1].times.add(2'000'000);
  p.rows[0].in_window_ns = 120'000;
  p.rows[1].in_window_ns = 2'000'000;
  p.collections.add(100'000'000, 3);
  p.marking_ns = 300'000'000;
  x.tables.latency.stopped_ns = 500'000;
  x.tables.latency.held_up = 12;
  return x;
}

TEST(StatText, PausesAndWhatTheyAreOfLatencies) {
  Session x = with_pauses();
  for (const std::size_t width : {80u, 120u, 200u}) expect_fits(text(x, {.width = width}), width);
  const std::string out = text(x, {.width = 200});
  EXPECT_THAT(out, HasSubstr("GC AND STOP-THE-WORLD"));
  EXPECT_THAT(out,
              HasSubstr("4 pauses, 2.12ms in all, <0.1 % of the time; 3 collections, mean 100ms, max 100ms; "
                        "marking for 300ms, 3.0 % of the time"));
  EXPECT_THAT(out, HasSubstr("    2.00ms        1    2.00ms"));
  EXPECT_THAT(out, HasSubstr("  read mem stats\n"));
  EXPECT_LT(out.find("  read mem stats\n"), out.find("  GC mark termination\n")) << "most time first";
  EXPECT_THAT(out, HasSubstr("of it, 500µs, the world stood still, which held up 12 runs\n"));

  x.tables.pauses.tainted = 1;
  x.tables.pauses.stopped_since_ns = x.tables.at_ns - 3'000'000;
  x.tables.latency.held_up = 0;
  const std::string cut = text(x, {.width = 200});
  EXPECT_THAT(cut, HasSubstr("  one end unseen of 1 pause and 0 collections: not counted\n"));
  EXPECT_THAT(cut, HasSubstr(" still, for 3.00ms\n"));
  EXPECT_THAT(cut, HasSubstr("  none of it was a pause"));

  Session without = make_session();
  EXPECT_THAT(text(without), Not(HasSubstr("STOP-THE-WORLD")));
  EXPECT_THAT(text(without), Not(HasSubstr("a pause")));
}

TEST(StatText, PanicsWhosePlaceOfRecoveryNothingDefines) {
  Session x = make_session();
  x.facts.requested |= group_bit(GT_GROUP_PANIC);
  x.tables.panics.thrown = x.tables.panics.recovered = 3;
  x.tables.panics.rows = {
      {.stack = 0, .type = "main.T", .place = 0x7777, .count = 2, .last_ns = 0, .last = {}},
      {.stack = 0, .type = "main.T", .place = 0, .count = 1, .last_ns = 0, .last = {}}};
  const std::string out = text(x, {.width = 120});
  EXPECT_THAT(out, HasSubstr("recovered where nothing is known of\n"));
  EXPECT_THAT(out, HasSubstr("recovered by nobody"));
}

TEST(StatText, WhomADeadlySignalCameTo) {
  Session x = make_session();
  ProcessEnd& end = x.tables.panics.end.emplace();
  end.by = EndedBy::kSignal;
  end.at_ns = Session::kBegin + 1'000'000'000;
  end.goid = 18;
  end.interrupted = SignalCameTo::kGoroutine;
  end.signal = 3;
  EXPECT_THAT(text(x, {.width = 200}),
              HasSubstr("ended: SIGQUIT, which interrupted goroutine 18, 1.00s into the window; where the "
                        "goroutine was is not known\n"));
  end.goid = 0;
  end.interrupted = SignalCameTo::kNoGoroutine;
  EXPECT_THAT(text(x, {.width = 200}),
              HasSubstr("ended: SIGQUIT, on a thread that ran no goroutine, 1.00s into"));
  end.interrupted = SignalCameTo::kNotKnown;
  EXPECT_THAT(text(x, {.width = 200}),
              HasSubstr("ended: SIGQUIT, 1.00s into the window; which goroutine ran there is not known\n"));
}

TEST(StatText, WhyNoGoroutineDidIt) {
  Session x = make_session();
  ProcessEnd& end = x.tables.panics.end.emplace();
  end.by = EndedBy::kFatal;
  end.at_ns = Session::kBegin + 1'000'000'000;
  end.value.text = "all goroutines are asleep - deadlock!";
  end.exit_status = 2;
  EXPECT_THAT(text(x, {.width = 200}),
              HasSubstr("deadlock!\", 1.00s into the window; exit status 2; no goroutine did it: the runtime "
                        "finds it on the thread that went idle last\n"));
  end.value.text = "bad g";
  EXPECT_THAT(text(x, {.width = 200}), HasSubstr("whether it ran for a goroutine is not known\n"));
  end.goid = 7;
  EXPECT_THAT(text(x, {.width = 200}), Not(HasSubstr("whether it ran for a goroutine")));
}

TEST(StatText, APanicAlwaysSaysWithWhat) {
  Session x = make_session();
  ProcessEnd& end = x.tables.panics.end.emplace();
  end.by = EndedBy::kPanic;
  end.at_ns = Session::kBegin;
  end.goid = 20;
  end.value.type = "nil";
  EXPECT_THAT(text(x, {.width = 200}), HasSubstr("ended: panic: nil in goroutine 20"));
  end.value = {};
  EXPECT_THAT(text(x, {.width = 200}),
              HasSubstr("ended: panic: a value that could not be read in goroutine"));
}

TEST(StatText, TheCostThatWasToldBeforeTheEndIsOfThatTime) {
  Session x = make_session();
  x.facts.cost.hits = 100;
  x.facts.cost.charged_ns = 1e7;
  x.facts.end_ns = x.facts.begin_ns + 2'000'000'000;
  EXPECT_THAT(text(x, {.width = 200}), AllOf(HasSubstr("cost: 100 hits, "), HasSubstr(" 0.5 % of one CPU")));
  FileLack lack;
  lack.told_ns = x.facts.begin_ns + 1'000'000'000;
  EXPECT_THAT(text(x, {.width = 200, .lack = &lack}),
              AllOf(HasSubstr("cost: 100 hits in the first 1.00s, "), HasSubstr(" 1.0 % of one CPU")));
}

TEST(StatText, ACostThatTheFileLacksIsNotNone) {
  Session x = make_session();
  x.facts.calibrated.reset();
  EXPECT_THAT(text(x), HasSubstr("cost: none, nothing was attached\n"));
  FileLack lack;
  lack.damage.cut = true;
  EXPECT_THAT(text(x, {.width = 200, .lack = &lack}), HasSubstr("cost: not known, the file lacks"));
}

TEST(StatText, EventsOfTheWindowAndThoseBehindIt) {
  Session x = make_session();
  x.facts.events.in_window = x.facts.events.received;
  EXPECT_THAT(text(x, {.width = 200}), HasSubstr("0 lost; all received are in the window"));
  *x.facts.events.in_window -= 321;
  EXPECT_THAT(text(x, {.width = 200}),
              HasSubstr(" in the window, 321 behind its end, while the probes were taken away"));
}

TEST(StatText, WhenTheProbesWentCreatedAndExitedSayWhoseTheyAre) {
  Session x = make_session();
  x.tables.covered[GT_GROUP_LIFECYCLE] = {{Session::kBegin, Session::kBegin + 2'500'000'000}};
  EXPECT_THAT(text(x, {.width = 200}),
              HasSubstr("created 1012, exited 1002 (of the 2.50s in which the probes were on)"));
  x.facts.counters_begin = {
      .time_ns = Session::kBegin + 1, .created = 100, .live = 50, .system = 5, .settled = true};
  x.facts.counters_end = {
      .time_ns = x.facts.end_ns, .created = 3130, .live = 60, .system = 5, .settled = true};
  EXPECT_THAT(text(x, {.width = 200}), HasSubstr("created 3030, exited 3020 (from counters)"));
}

TEST(StatText, CountersThatWereNotReadAtTheWindowsEndsAreSaidToBe) {
  Session x = make_session();
  x.facts.requested = 0;
  x.tables.covered = {};
  EXPECT_THAT(text(x, {.width = 200}),
              HasSubstr("created -, exited - (the runtime's counters were not read twice)"));
  x.facts.counters_begin = {
      .time_ns = Session::kBegin, .created = 100, .live = 50, .system = 5, .settled = true};
  x.facts.counters_end = x.facts.counters_begin;  // it exited before the second reading
  EXPECT_THAT(text(x, {.width = 200}),
              HasSubstr("created -, exited - (the runtime's counters were not read twice)"));
  x.facts.counters_end = {
      .time_ns = Session::kBegin + 4'000'000'000, .created = 130, .live = 60, .system = 5, .settled = true};
  EXPECT_THAT(text(x, {.width = 200}),
              HasSubstr("created 30, exited 20 (from counters, which were read 4.00s apart)"));
}

// Goroutines of net/http whose go statement is the library's.
Session leaky_connections() {
  Session x = make_session();
  x.symbols.pcs[0x500] = {{"net/http.(*Transport).dialConn", "/go/src/net/http/transport.go", 1994, false}};
  x.symbols.pcs[0x510] = {
      {"net/http.(*Transport).queueForDial", "/go/src/net/http/transport.go", 1628, false}};
  x.symbols.pcs[0x520] = {{"net/http.(*persistConn).readLoop", "/go/src/net/http/transport.go", 2244, false}};
  x.symbols.pcs[0x530] = {{"runtime.main", "/go/src/runtime/proc.go", 283, false}};
  x.symbols.stacks[31] = x.symbols.pcs[0x500];
  x.symbols.stacks[32] = {x.symbols.pcs[0x510][0], {"main.leakyClient", "/src/main.go", 52, false}};
  x.symbols.stacks[33] = {x.symbols.pcs[0x510][0], {"main.other", "/src/main.go", 60, false}};
  x.symbols.stacks[41] = {{"net/http.(*persistConn).readLoop", "/go/src/net/http/transport.go", 2260, false}};
  CreationRow loop{0x500, 0x520, false, {}, 12, 12, 0, 3'000'000'000, false};
  const CreationLink dial{31, 0x500, 0x520, 0};
  loop.origins = {{{dial, {32, 0x510, 0, 1}}, 9, 9}};
  x.tables.creation = {loop};
  BlockingRow waits;
  waits.reason = 1;
  waits.stack = 41;
  waits.blocked_now = 2;
  waits.in_window_ns = 5'000'000'000;
  x.tables.blocking = {waits};
  return x;
}

TEST(StatText, ChannelsThatTheHeapGivesToOneRequestAfterTheOtherAreOneRow) {
  Session x = make_session();
  x.facts.requested = x.facts.on_at_end |= group_bit(GT_GROUP_CHAN);
  x.tables.covered[GT_GROUP_CHAN] = {{Session::kBegin, x.facts.end_ns}};
  x.tables.objects.clear();
  for (std::uint64_t i = 0; i < 8; ++i) {
    ObjectRow reply;
    reply.address = 0xc000100000 + i * 96;
    reply.waits = 200;
    reply.in_window_ns = (5 + i) * 1'000'000'000;
    reply.waiter_stack = 11;
    x.tables.objects.push_back(reply);
  }
  ObjectRow queue;
  queue.address = 0xc000200000;
  queue.waits = 3;
  queue.in_window_ns = 60'000'000'000;
  queue.waiter_stack = 12;
  x.tables.objects.push_back(queue);
  const std::string out = text(x);
  EXPECT_THAT(out, HasSubstr("CONTENDED OBJECTS  by in_window · 2 rows"));
  EXPECT_THAT(out, HasSubstr("  channel    0xc0001002a0       0   1600       1m8s"));
  EXPECT_THAT(out, HasSubstr("and 7 other channels that look alike, in these figures"));
  x.tables.objects.erase(x.tables.objects.begin());
  EXPECT_THAT(text(x), HasSubstr("CONTENDED OBJECTS  by in_window · 8 rows"));
}

TEST(StatText, OfACutStackItSaysSoAndWhoMadeItsGoroutines) {
  Session x = make_session();
  x.symbols.cut = {11};
  x.symbols.stacks[11].resize(3);
  EXPECT_THAT(text(x), HasSubstr("(deeper frames not recorded)\n        woken by"));
  BlockingRow& pool = *std::ranges::find(x.tables.blocking, 11u, &BlockingRow::stack);
  pool.gopc = 0x200;
  pool.startpc = 0x100;
  EXPECT_THAT(
      text(x),
      HasSubstr("(deeper frames not recorded)\n        created by example.com/server/internal/pool.Start"));
}

// Of goroutine 1 it is known where, or only that it did: one way.
TEST(StatText, GoroutineOneIsOneWay) {
  Session x = leaky_connections();
  x.symbols.pcs[0x700] = {{"runtime.main", "/go/src/runtime/proc.go", 147, false}};
  x.symbols.stacks[34] = {
      {"net/http.(*Transport).queueForDial", "/go/src/net/http/transport.go", 1628, false},
      {"main.main", "/src/main.go", 9, false}};
  CreationRow& loop = x.tables.creation[0];
  loop.origins = {{{{0, 0x500, 0x520, 1}, {0, 0, 0x700, 0}}, 5, 5}};
  EXPECT_THAT(text(x), HasSubstr("< runtime.main  proc.go:147 (main.main or an init function)\n"));
  loop.origins.push_back({{{34, 0x500, 0x520, 1}}, 4, 4});
  const std::string both = text(x);
  EXPECT_THAT(both, HasSubstr("< main.main  main.go:9\n"));
  EXPECT_THAT(both, Not(HasSubstr("< runtime.main")));
}

// Two of the twelve wait at that stack: whose code made those two is not known.
TEST(StatText, WaysOfMoreGoroutinesThanARowCountsStandWithoutCounts) {
  Session x = leaky_connections();
  const auto blocking = [&] {
    const std::string all = text(x);
    return all.substr(0, all.find("CREATION SITES"));
  };
  EXPECT_THAT(blocking(), HasSubstr("        created by net/http.(*Transport).dialConn  transport.go:1994\n"
                                    "          < net/http.(*Transport).queueForDial  transport.go:1628\n"
                                    "          < main.leakyClient  main.go:52\n"));
  CreationRow& loop = x.tables.creation[0];
  const CreationLink dial = loop.origins[0].links[0];
  loop.origins.push_back({{dial, {33, 0x510, 0, 1}}, 2, 2});
  loop.origins.push_back({{{0, 0x500, 0x520, 7}}, 0, 1});
  EXPECT_THAT(blocking(),
              HasSubstr("        created by net/http.(*Transport).dialConn  transport.go:1994\n"
                        "          either < net/http.(*Transport).queueForDial  transport.go:1628\n"
                        "                 < main.leakyClient  main.go:52\n"
                        "              or < net/http.(*Transport).queueForDial  transport.go:1628\n"
                        "                 < main.other  main.go:60\n"
                        "              or < (not known)\n"));
  EXPECT_THAT(text(x), HasSubstr("        9x < net/http.(*Transport).queueForDial  transport.go:1628\n"));
  loop.runnable_ns = 1'000'000'000;
  const std::string all = text(x);
  EXPECT_THAT(all.substr(all.find("WAITING FOR A CPU")), HasSubstr("          either < net/http.(*Transp"));
}

TEST(StatText, WhatAWideTablesHeadsMeanIsSaidWhereItCounts) {
  Session x = make_session();
  const std::string partly =
      "(partly seen: waits whose beginning or end was not seen; they are in no mean or";
  EXPECT_THAT(text(x, {.width = 200}), HasSubstr(partly));
  x.tables.blocking.back().tainted = 2;
  EXPECT_THAT(text(x, {.width = 200}),
              HasSubstr("; cut off: waits during which events were lost or probes detached; they are in no"));
  x.tables.blocking.back().tainted = x.tables.blocking.back().ended_unknown = 0;
  EXPECT_THAT(text(x, {.width = 200}), Not(HasSubstr("(partly seen")));
}

TEST(StatText, WhatIsFoldedOrLeftOutSaysWhatToType) {
  Session x = make_session();
  BlockingRow other = x.tables.blocking[0];  // another stack of the same reason
  other.stack = 11;
  x.tables.blocking.push_back(other);
  StatTextOptions options{.width = 200, .limit = 1};
  options.rows.by = FoldBy::kReason;
  const std::string out = text(x, options);
  EXPECT_THAT(out, HasSubstr(" 1 of 3 rows (--limit 0: all)"));
  options.limit = 0;
  EXPECT_THAT(text(x, options), HasSubstr("and 1 other stack (without --by: a row for each)\n"));
}

TEST(StatText, WhoseCodeLedToAGoStatementOfTheLibrary) {
  Session x = leaky_connections();
  const CreationLink dial = x.tables.creation[0].origins[0].links[0];
  EXPECT_THAT(text(x), HasSubstr("        created by net/http.(*Transport).dialConn  transport.go:1994\n"
                                 "          < net/http.(*Transport).queueForDial  transport.go:1628\n"
                                 "          < main.leakyClient  main.go:52\n"));
  x.tables.creation[0].origins.push_back({{dial, {33, 0x510, 0, 1}}, 2, 2});
  x.tables.creation[0].origins.push_back({{{0, 0x500, 0x520, 7}}, 0, 1});
  EXPECT_THAT(text(x), HasSubstr("        9x < net/http.(*Transport).queueForDial  transport.go:1628\n"
                                 "           < main.leakyClient  main.go:52\n"
                                 "        2x < net/http.(*Transport).queueForDial  transport.go:1628\n"
                                 "           < main.other  main.go:60\n"
                                 "        1x < (not known)\n"));
  x.tables.creation[0].origins.back() = {{{0, 0x500, 0x520, 7}}, 1, 0};
  EXPECT_THAT(text(x), Not(HasSubstr("(not known)"))) << "those have all ended";
  // Nothing but memory: goroutine 1 made it.
  x.tables.creation[0].origins = {{{{0, 0x500, 0x520, 1}, {0, 0, 0x530, 0}}, 0, 12}};
  EXPECT_THAT(
      text(x),
      HasSubstr(
          "transport.go:1994\n          < runtime.main  proc.go:283 (main.main or an init function)\n"));
}

TEST(StatText, SystemRowsOnlyWhenAsked) {
  Session x = make_session();
  EXPECT_THAT(text(x), Not(HasSubstr("GC worker")));
  StatTextOptions options;
  options.rows.filter.system = true;
  EXPECT_THAT(text(x, options), HasSubstr("GC worker (idle)"));
}

TEST(StatText, LimitCutsRowsAndSaysSo) {
  Session x = make_session();
  const std::string out = text(x, {.limit = 1});
  EXPECT_THAT(out, HasSubstr("1 of 3 rows"));
  EXPECT_THAT(out, HasSubstr("chan receive"));
  EXPECT_THAT(out, Not(HasSubstr("IO wait")));
  EXPECT_THAT(text(x, {.limit = 0}), HasSubstr("3 rows"));
}

TEST(StatText, StacksShowsRuntimeFramesToo) {
  Session x = make_session();
  EXPECT_THAT(text(x), Not(HasSubstr("runtime.gopark")));
  const std::string out = text(x, {.stacks = true});
  EXPECT_THAT(out, HasSubstr("runtime.gopark"));
  EXPECT_THAT(out, HasSubstr("runtime.goexit"));
}

TEST(StatText, ColourOnlyWhenAskedAndUserFramesBold) {
  Session x = make_session();
  EXPECT_EQ(text(x).find('\x1b'), std::string::npos);
  EXPECT_THAT(text(x, {.colour = true}), HasSubstr("\x1b[1mmain.serve\x1b[0m"));
}

TEST(StatText, SumThatIsNotTheIntegralOfLiveIsAWarning) {
  Session x = make_session();
  EXPECT_THAT(text(x), Not(HasSubstr("states add up")));
  x.tables.live_integral_ns += 100'000'000'000;
  EXPECT_THAT(text(x, {.width = 200}), HasSubstr("! the states add up"));
}

TEST(StatText, ACrossCheckThatIsMissingIsSaidToBe) {
  Session x = make_session();
  x.facts.cross_check.reset();
  x.facts.requested = group_bit(GT_GROUP_LIFECYCLE);
  EXPECT_THAT(text(x, {.width = 200}), HasSubstr("cross-check: none, the runtime's counters were not read"));
  x.facts.requested = group_bit(GT_GROUP_BLOCK);
  EXPECT_THAT(text(x, {.width = 200}), Not(HasSubstr("cross-check"))) << "nobody counted";
}

TEST(StatText, LossDetachAndDisagreementStandBeforeTheTables) {
  Session x = make_session();
  x.facts.events = {5000, 4900, {{"ring full", 100}}, {}};
  x.facts.detached = {{GT_GROUP_CHAN, Session::kBegin + 1'000'000'000, "over budget"},
                      {GT_GROUP_SYNC, Session::kBegin + 2'000'000'000, "over budget"},
                      {GT_GROUP_RUN, Session::kBegin + 2'000'000'000, "over budget"}};
  x.tables.covered[GT_GROUP_RUN] = {{Session::kBegin, Session::kBegin + 2'000'000'000}};
  x.facts.cross_check = CrossCheck{};
  x.facts.cross_check->begin.settled = x.facts.cross_check->end.settled = true;
  x.facts.cross_check->end.created = 9;
  const std::string out = text(x, {.width = 200});
  const std::size_t tables = out.find("BLOCKING");
  for (const char* line :
       {"! 100 of 5000 events lost (ring full 100)", "! probes chan detached at 1.00s: over budget",
        "! probes run,sync detached at 2.00s: over budget",
        "! the runtime's counters say 9 created, the probes 0 to 0"}) {
    EXPECT_LT(out.find(line), tables) << line << "\n" << out;
  }
}

TEST(StatText, WhoElseRanIntoSharedProbes) {
  Session x = make_session();
  EXPECT_THAT(text(x), Not(HasSubstr("shared probes")));
  x.facts.shared_probes = {.targets = 12, .others_hits = 345};
  EXPECT_THAT(
      text(x, {.width = 200}),
      HasSubstr(
          "\nshared probes: 12 targets run this file; its other processes ran into the probes 345 times\n"));
}

TEST(StatText, PartialCoverageSaysWhichPart) {
  Session x = make_session();
  x.tables.covered[GT_GROUP_BLOCK] = {{Session::kBegin + 1'000'000'000, Session::kBegin + 3'000'000'000}};
  EXPECT_THAT(text(x), HasSubstr("saw 2.00s of 10.0s: 1.00s-3.00s"));
}

TEST(StatText, MemoryAlone) {
  Session x = make_session();
  x.facts.requested = 0;
  x.tables.covered = {};
  EXPECT_THAT(text(x), HasSubstr("only what memory shows"));
}

TEST(StatText, HostileNamesNeitherBreakTheWidthNorReachTheTerminal) {
  Session x = make_session();
  const std::string generic = "main.Map[go.shape." + std::string(10'000, 'x') + "]";
  x.symbols.stacks[12][4].function = generic;
  x.symbols.pcs[0x300] = {{generic, "/" + std::string(5000, 'f') + ".go", 2'000'000'000, false}};
  x.symbols.pcs[0x400] = {
      {"main.世界世界世界世界世界世界世界世界世界世界世界世界世界世界世界世界", "", 0, false}};
  x.facts.target.exe = "/bin/\x1b]0;owned\x07" + std::string(300, 'e');
  x.facts.notices = {"line\nbreak\x1b[2J"};
  x.facts.wait_reasons[1] = "\x1b[31mred";
  x.facts.detached = {{GT_GROUP_RUN, 0, "r\x1b[0m"}};
  for (const std::size_t width : {76u, 80u, 120u}) {
    const std::string out = text(x, {.width = width, .stacks = true});
    expect_fits(out, width);
    EXPECT_EQ(out.find_first_of("\x1b\x07"), std::string::npos);
  }
}

TEST(StatText, EmptySession) {
  Session x;
  const std::string out = text(x, {.width = 20});
  expect_fits(out, 76);
  EXPECT_THAT(out, HasSubstr("no goroutine waited"));
}

TEST(StatText, ObjectsOnlyWhenThereAreSome) {
  Session x = make_session();
  EXPECT_THAT(text(x), Not(HasSubstr("CONTENDED")));
  add_objects(x);
  x.tables.objects.resize(1);
  x.tables.objects[0].sends = 7;
  x.tables.objects[0].blocked_now = 3;
  x.tables.objects[0].would_block = 1;
  x.tables.objects[0].releasers = {{WakerKind::kGoroutine, 21, 4}};
  x.facts.requested |= group_bit(GT_GROUP_CHAN);
  x.tables.covered[GT_GROUP_CHAN] = {{Session::kBegin, x.facts.end_ns}};
  const std::string out = text(x);
  EXPECT_THAT(out, HasSubstr("CONTENDED OBJECTS  by in_window · 1 row · probes · lower bound"));
  EXPECT_THAT(out, HasSubstr("0xc000012345       3      5     5.00ms  7 send, 0 recv, 0 close\n"));
  EXPECT_THAT(out, HasSubstr("from before the attach as memory proved\n"));
  EXPECT_THAT(out, HasSubstr("1 operation found it full or empty\n"));
  x.tables.objects[0].would_block = 7;
  EXPECT_THAT(text(x), HasSubstr("every operation found it full or empty, as each of an unbuffered channel"));
  EXPECT_THAT(out, HasSubstr("woken by 100% …/pool.(*Pool).Submit  pool.go:55"));
  expect_fits(out, 80);
}

TEST(StatText, OperationsOnObjectsThatNobodySawAreDashes) {
  Session x = make_session();
  add_objects(x);
  with_sync(x);
  std::string out = text(x);
  EXPECT_THAT(out, HasSubstr("CONTENDED OBJECTS  by in_window · 2 rows · probes · lower bound\n"));
  EXPECT_THAT(out, HasSubstr("      5     5.00ms  -\n"));
  EXPECT_THAT(out, HasSubstr("      2     1.00ms  9 acq, 0 rel\n"));
  EXPECT_THAT(out, Not(HasSubstr("no probes of this table")));
  x.tables.covered[GT_GROUP_BLOCK] = {{Session::kBegin, Session::kBegin + 3'000'000'000}};
  out = text(x);
  EXPECT_THAT(out.substr(out.find("CONTENDED")), HasSubstr("saw 3.00s of 10.0s: 0ns-3.00s"));
}

TEST(StatText, ObjectsWaitedOnOnceAreOneLine) {
  Session x = make_session();
  add_objects(x);
  with_sync(x);
  ObjectRow reply;
  reply.waits = 1;
  reply.in_window_ns = 7'000'000;  // more than any other's
  for (std::uint64_t i = 0; i < 500; ++i) {
    reply.address = 0xd000 + i;
    x.tables.objects.push_back(reply);
  }
  std::string out = text(x);
  EXPECT_THAT(out, HasSubstr("CONTENDED OBJECTS  by in_window · 2 rows"));
  EXPECT_THAT(out, HasSubstr("0xc000012345       0      5"));
  EXPECT_THAT(out, Not(HasSubstr("0xd00")));
  EXPECT_THAT(out, HasSubstr("  and 500 objects waited on once each: 3.50s in_window\n"));
  x.tables.objects.back().sends = 2;  // used more than that one wait tells
  x.tables.objects.erase(x.tables.objects.begin(), x.tables.objects.begin() + 2);
  EXPECT_THAT(text(x), HasSubstr("0xd1f3"));
  x.tables.objects.pop_back();
  out = text(x);
  EXPECT_THAT(out, HasSubstr("  499 objects waited on once each: 3.49s in_window\n"));
  EXPECT_THAT(out, Not(HasSubstr("address")));
  expect_fits(out, 80);
  x.tables.objects.back().kind = ObjectRow::Kind::kSemaphore;
  EXPECT_THAT(text(x), HasSubstr("  499 objects waited on once each"));
  x.tables.objects.back().blocked_now = 1;
  EXPECT_THAT(text(x), HasSubstr("0xd1f2")) << "a lock that is waited for now may be half of a deadlock";
}

TEST(StatText, GoroutineOneHasNoGoStatement) {
  Session x = make_session();
  x.symbols.pcs[0x500] = {{"runtime.main", "/go/src/runtime/proc.go", 150, false}};
  x.symbols.pcs[0x600] = {{"runtime.newproc", "<autogenerated>", 1, false}};
  x.symbols.stacks[14] = {{"main.main", "/src/main.go", 9, false},
                          {"runtime.main", "/go/src/runtime/proc.go", 290, false}};
  x.tables.creation.push_back({0x600, 0x500, false, {}, 1, 0, 0, 92'000'000'000, true});
  BlockingRow waits;
  waits.reason = 1;
  waits.stack = 14;
  waits.blocked_now = 1;
  x.tables.blocking.push_back(waits);
  const std::string out = text(x);
  EXPECT_THAT(out, HasSubstr("chan receive  main.main  main.go:9\n"
                             "        goroutine 1, started by the runtime itself\n"));
  EXPECT_THAT(out, HasSubstr("runtime.main  proc.go:150\n"
                             "        goroutine 1, started by the runtime itself\n"));
  EXPECT_THAT(out, Not(HasSubstr("newproc")));
  EXPECT_THAT(out, Not(HasSubstr("no stack")));
  const std::string with_stacks = text(x, {.stacks = true});
  EXPECT_THAT(with_stacks,
              HasSubstr("        goroutine 1, started by the runtime itself\n"
                        "        no stack: runtime.rt0_go made it, before any goroutine could\n"));
  expect_fits(with_stacks, 80);
}

TEST(StatText, AStateStaysWithItsNumber) {
  Session x = make_session();
  for (std::size_t width = 76; width < 120; ++width) {
    const std::string out = text(x, {.width = width});
    expect_fits(out, width);
    for (const char* pair : {"running 2.00", "runnable 0.50", "waiting 4090", "syscall 7.50", "unknown 0"})
      EXPECT_THAT(out, HasSubstr(pair)) << width;
    for (const char* pair : {"2 running", "1 runnable", "406 waiting", "1 in", "0 unknown"})
      EXPECT_THAT(out, HasSubstr(pair)) << width;
    EXPECT_THAT(out, Not(HasSubstr("\u00a0")));
  }
}

TEST(StatText, WithoutRunItSaysWhatIsNotKnown) {
  Session x = make_session();
  EXPECT_THAT(text(x, {.width = 200}), Not(HasSubstr("running or runnable")));
  without_run(x);
  const std::string out = text(x, {.width = 200});
  EXPECT_THAT(out, HasSubstr("goroutine-seconds: running or runnable 2.50 waiting 4090"));
  EXPECT_THAT(out, HasSubstr("3 running or runnable, 406 waiting"));
  EXPECT_THAT(out, HasSubstr("WAITING FOR A CPU  not known: the run group tells (--probes +run)\n"));
  EXPECT_THAT(out, HasSubstr("SCHEDULING LATENCY  not known: probes tell (--probes block,run)\n"));
}

TEST(StatText, WithoutRunItSaysWhatWasSampledAndWhatTheRuntimeTimed) {
  constexpr std::uint64_t s = 1'000'000'000;
  Session x = make_session();
  without_run(x);
  x.tables.runs = SampledRuns{.running = {2 * s, s / 10, 0},
                              .runnable = {s / 2, s / 20, 0},
                              .covered = {{Session::kBegin, Session::kBegin + s}}};
  x.facts.run_sampling = SamplingFacts{.looks = 990, .missed = 10, .cpu_ns = s / 500, .time_ns = s};
  RuntimeLatency timed{{x.facts.begin_ns, x.facts.end_ns}, {}};
  timed.times.add(500, 8);
  timed.times.add(90'000, 2);
  x.facts.runtime_latency = timed;
  const std::string out = text(x, {.width = 200});
  EXPECT_THAT(out,
              HasSubstr("running or runnable 2.50 (sampled: running 2.00±0.10, runnable 0.50±0.05) waiting"));
  EXPECT_THAT(out, HasSubstr("WAITING FOR A CPU  on average 0.5 goroutines (sampled)"));
  EXPECT_THAT(out, HasSubstr("SCHEDULING LATENCY  runnable to running · counters · sampled\n"));
  EXPECT_THAT(out, HasSubstr("count 10  mean 18.4µs"));
  EXPECT_THAT(out, HasSubstr("timed by the runtime, 1 goroutine in 8"));
  EXPECT_THAT(out, Not(HasSubstr("inferred")));
  EXPECT_THAT(
      out,
      HasSubstr("running, runnable: 990 samples of the Ps and their run queues, 10 left out (its share of "
                "CPU was spent, or no thread ran); 0.2 % of one CPU of gorotrace"));
  x.tables.runs->running = {};
  EXPECT_THAT(text(x, {.width = 200}), HasSubstr("(sampled: running in no sample, runnable 0.50±0.05)"));
  x.facts.runtime_latency->times = {};
  EXPECT_THAT(text(x), HasSubstr("the runtime timed none"));
}

TEST(StatText, WhatIsNoScreenHasEveryNameOnOneLine) {
  Session x = make_session();
  const std::string name =
      "example.com/a/very/long/path/of/a/package/inside.(*Server).handle" + std::string(90, 'x');
  x.symbols.stacks[12][4].function = name;
  const std::string out = text(x, {.screen = false});
  EXPECT_THAT(out, HasSubstr("  " + name + "  main.go:51\n"));
  EXPECT_THAT(out, Not(HasSubstr("…")));
}

TEST(StatText, WhoWaitsForACpuAndWhereItWasCreated) {
  Session x = make_session();
  EXPECT_THAT(text(x), Not(HasSubstr("WAITING FOR A CPU")));
  x.tables.creation[0].runnable_ns = 30'000'000'000;  // 3 of them at any time of the 10 s
  x.tables.creation[0].runnable_now = 4;
  x.tables.creation[1].runnable_ns = 10'000'000'000;
  const std::string out = text(x);
  expect_fits(out, 80);
  EXPECT_THAT(out, HasSubstr("WAITING FOR A CPU  by runnable time · 2 rows"));
  EXPECT_THAT(out, HasSubstr("      4        3.0     30.0s   75  main.serve  main.go:44\n"
                             "        created by main.main  main.go:30\n"
                             "      0        1.0     10.0s   25"));
}

TEST(StatText, MutexesThatNobodySawAreSaidToBeMissing) {
  Session x = make_session();
  EXPECT_THAT(text(x), Not(HasSubstr("mutexes")));
  x.facts.wait_reasons[1] = "sync.Mutex.Lock";
  EXPECT_THAT(text(x), HasSubstr("CONTENDED OBJECTS\n  mutexes and WaitGroups are missing, though goroutines "
                                 "wait for some: --probes\n    lifecycle,block,run,sync tells which, and "
                                 "without probes\n    gorotrace dump -p 1234 --waiters\n"));
  x.facts.wait_reasons[1] = "sync.Cond.Wait";
  EXPECT_THAT(text(x), Not(HasSubstr("mutexes"))) << "a Cond has no semaphore";
  x.facts.wait_reasons[1] = "semacquire";
  add_objects(x);
  EXPECT_THAT(text(x), HasSubstr("mutexes and WaitGroups are missing"));
  x.facts.requested |= group_bit(GT_GROUP_SYNC);
  x.tables.covered[GT_GROUP_SYNC] = {{Session::kBegin, x.facts.end_ns}};
  EXPECT_THAT(text(x), Not(HasSubstr("mutexes")));
}

TEST(StatText, TablesSayWhichConditionsTheyDoNotHeed) {
  Session x = make_session();
  add_objects(x);
  EXPECT_THAT(text(x), Not(HasSubstr("not filtered")));
  StatTextOptions options{.width = 200};
  options.rows.filter.reasons = {"IO wait"};
  const std::string by_reason = text(x, options);
  EXPECT_THAT(by_reason, HasSubstr("1 row, 2 not shown (--where reason)"));
  EXPECT_THAT(by_reason, HasSubstr("CREATION SITES  by live · 2 rows · not filtered by --where reason"));
  EXPECT_THAT(by_reason,
              HasSubstr("SCHEDULING LATENCY  runnable to running · not filtered by --where reason"));
  options.rows.filter.reasons.clear();
  options.rows.filter.created_by = {"no.such.function"};
  const std::string by_creator = text(x, options);
  EXPECT_THAT(by_creator, HasSubstr("CREATION SITES  by live · 0 rows, 2 not shown (--created-by) · "));
  EXPECT_THAT(by_creator, HasSubstr("3 not shown (--created-by)"));
  EXPECT_THAT(by_creator,
              testing::ContainsRegex("CONTENDED OBJECTS  by in_window [^\n]*not filtered by --created-by"));
}

TEST(StatText, ACostThatOnlyTheFloorOfTheBudgetAllowsSaysSo) {
  Session x = make_session();
  const auto window = static_cast<double>(x.facts.end_ns - x.facts.begin_ns);
  x.facts.cost = {
      .hits = 1000, .charged_ns = window / 50, .target_cpu_ns = x.facts.end_ns - x.facts.begin_ns};
  x.facts.cost.target_cpu_ns /= 10;
  constexpr const char* kFloor = "within the budget, which is never less than 5 % of one CPU";
  EXPECT_THAT(text(x, {.width = 200}), Not(HasSubstr("within the budget"))) << "the budget is no share";
  x.facts.cost.budget_share = 0.1;
  EXPECT_THAT(text(x, {.width = 200}), HasSubstr(kFloor));
  x.facts.cost.budget_share = 0.3;
  EXPECT_THAT(text(x, {.width = 200}), Not(HasSubstr("within the budget"))) << "the share itself allows it";
  x.facts.cost.budget_share = 0.1;
  x.facts.cost.charged_ns = window / 10;
  EXPECT_THAT(text(x, {.width = 200}), Not(HasSubstr("within the budget"))) << "it is above both";
}

TEST(StatText, OfATargetThatEndedNothingIsNow) {
  Session x = make_session();
  EXPECT_THAT(text(x, {.width = 200}), HasSubstr("; now 2 running"));
  x.facts.ended_by = "the target exited";
  const std::string out = text(x, {.width = 200});
  EXPECT_THAT(out, HasSubstr("goroutines: live at its end"));
  EXPECT_THAT(out, HasSubstr("; at the end 2 running"));
  EXPECT_THAT(out, Not(HasSubstr("; now")));
}

TEST(StatText, OfATargetThatEndedEverythingIsPast) {
  Session x = make_session();
  add_objects(x);
  x.facts.wait_reasons[1] = "sync.Mutex.Lock";
  x.tables.covered[GT_GROUP_LIFECYCLE].clear();
  x.tables.objects[0].would_block = 2;
  x.tables.creation[0].runnable_ns = 5;
  x.tables.rows_folded = 3;
  x.facts.shared_probes = SharedProbes{9, 0};
  const auto says = [&](std::initializer_list<const char*> all) {
    const std::string out = text(x, {.width = 200});
    for (const char* words : all) EXPECT_THAT(out, HasSubstr(words));
  };
  says({"though goroutines wait for some: --probes lifecycle,block,run,sync tells which",
        "    now on average", "by live ·", "there are more than a table holds",
        "only what memory shows at the end", "9 targets run this file"});
  x.facts.ended_by = "the target exited";
  says({"though goroutines waited for some: --probes lifecycle,block,run,sync would have told which",
        " at end on average", "by live at the end ·", "there were more than a table holds",
        "only what memory showed when it was last read", "9 targets ran this file"});
}

TEST(StatText, ByLabelItsValueStandsOverTheStack) {
  Session x = make_session();
  const LabelId acme = LabelId{1} << 63 | 1;
  x.tables.label_values = {{acme, "acme"}};
  for (const auto& [row, label] : {std::pair{0, LabelId{kLabelNone}}, {2, LabelId{kLabelOther}}, {3, acme}})
    x.tables.blocking[static_cast<std::size_t>(row)].label = label;
  StatTextOptions options{.width = 80};
  options.rows.by = FoldBy::kLabel;
  options.rows.label_key = "tenant";
  std::string out = text(x, options);
  expect_fits(out, 80);
  EXPECT_THAT(out, HasSubstr("one row per label tenant"));
  EXPECT_THAT(out, HasSubstr("        tenant=acme\n        chan receive  "));
  EXPECT_THAT(out, HasSubstr("        no label tenant\n        IO wait  "));
  EXPECT_THAT(out, HasSubstr("tenant: other values than the first 1024\n"));
  EXPECT_THAT(out, Not(HasSubstr("labels not read")));
  x.tables.label_values = {{acme, "ac\x1b[1mme"}};
  EXPECT_THAT(stat_summary_text(x.facts, x.tables, x.symbols, options), HasSubstr("tenant=ac\uFFFD[1mme"));
  x.tables.blocking[3].label = kLabelNotRead;
  out = text(x, options);
  expect_fits(out, 80);
  EXPECT_THAT(out, HasSubstr("        labels not read\n        chan receive  "));
  EXPECT_THAT(
      text(x, {.width = 200, .rows = options.rows}),
      HasSubstr("(labels are read with samples of the goroutines; not read: 98 % of in_window, 101 waits)"));
  x.tables.blocking[3].label = acme;
  x.tables.label_values = {{acme, std::string(1000, 'x')}};
  expect_fits(text(x, options), 80);
}

TEST(StatText, OneIsSingular) {
  Session x = make_session();
  x.facts.cost.hits = 1;
  x.facts.calibrated = TrapCosts{};
  x.tables.events_without_stack = 1;
  const std::string out = text(x, {.width = 200});
  EXPECT_THAT(out, HasSubstr("cost: 1 hit, "));
  EXPECT_THAT(out, HasSubstr("! 1 event without a stack\n"));
}

TEST(IntervalText, HeaderOnceThenAgainAndMissingIsADash) {
  IntervalText printer({});
  IntervalRow row;
  row.to_ns = 1'000'000'000;
  row.live = 123'456'789;
  row.created = Rate{5, 123'456.7, Engine::kProbes};
  row.target_cpu_percent = 2.5;
  row.lost = 7;
  const std::string first = printer.line(row, {}, "14:03:07");
  EXPECT_THAT(first, HasSubstr("nable"));
  EXPECT_THAT(first, HasSubstr("\n14:03:07"));
  EXPECT_THAT(first, HasSubstr("123M  123457      -      -       -       -"));
  expect_fits(first, 80);
  for (unsigned i = 1; i < IntervalText::kHeaderEvery; ++i) {
    EXPECT_THAT(printer.line(row, {}, "14:03:07"), Not(HasSubstr("nable")));
  }
  EXPECT_THAT(printer.line(row, {}, "14:03:07"), HasSubstr("nable"));
}

TEST(IntervalText, ColumnsWithoutRoomAreLeftOutAndTheOthersNeverTouch) {
  IntervalRow row;
  row.live = 123'456;
  row.created = row.exited = row.parks = row.unparks = row.syscalls = Rate{1, 999'999, Engine::kProbes};
  row.runnable = 123'456;
  row.target_cpu_percent = row.of_one_cpu_percent = 6400;
  row.lost = 999'999;
  TargetFacts target;
  target.host_pid = 4194304;
  for (const bool several : {false, true}) {
    for (const std::size_t width : {60u, 80u, 120u}) {
      IntervalText printer({.several_targets = several, .width = width});
      const std::string out = printer.line(row, target, "14:03:07");
      expect_fits(out, width);
      const std::string line = out.substr(out.rfind('\n', out.size() - 2) + 1);
      std::istringstream words(line);
      std::vector<std::string> cells;
      for (std::string word; words >> word;) cells.push_back(word);
      EXPECT_EQ(cells.front(), "14:03:07");
      EXPECT_EQ(cells.back(), "999999") << line;
      EXPECT_EQ(cells[1], several ? "4194304" : "123456");
      EXPECT_GE(cells.size(), width == 60 ? 7u : several && width == 80 ? 11u : 10u) << line;
    }
  }
}

TEST(StatText, SamplingShowsItsErrors) {
  Session x = make_sampling_session();
  const std::string out = text(x, {.width = 80});
  expect_fits(out, 80);
  EXPECT_THAT(out, HasSubstr("waiting 4090±3.00"));
  EXPECT_THAT(out, HasSubstr("sampling · sampled"));
  EXPECT_THAT(out, HasSubstr("blocked   oldest in_window        ±    %  longest\n"));
  EXPECT_THAT(out, HasSubstr("    400   ≥1m32s      1h6m    1m20s   98   ≈7.00s\n"));
  EXPECT_THAT(out, HasSubstr("sampling: 990 samples, every goroutine each time, 10 left out (its share"));
  EXPECT_THAT(out, Not(HasSubstr("no mean or quantile")));
}

TEST(StatText, SamplingBesideProbesThatWereTaken) {
  Session x = make_sampling_session(4);
  for (const std::size_t width : {80u, 120u}) {
    const std::string out = text(x, {.width = width});
    expect_fits(out, width);
    EXPECT_THAT(out, HasSubstr("saw 4.00s of 10.0s: 0ns-4.00s; sampling: 4.00s-10.0s"));
    EXPECT_THAT(out, HasSubstr("±"));
    EXPECT_THAT(out, HasSubstr("p99"));
  }
}

}  // namespace
}  // namespace gorotrace::report_test
