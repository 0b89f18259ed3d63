#include "report/stat_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "evidence/trust.h"
#include "fixture.h"

namespace gorotrace::report_test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

json summary(Session& x, const RowOptions& rows) {
  const std::string line = json_text([&](JsonWriter& out) {
    StackNumbers stacks;
    StatJsonOptions options;
    options.rows = rows;
    stat_summary_json(out, x.facts, x.tables, x.symbols, stacks, options);
  });
  EXPECT_EQ(line.find('\n'), std::string::npos);
  return json::parse(line);
}

json summary(Session& x, bool system = false) {
  RowOptions rows;
  rows.filter.system = system;
  return summary(x, rows);
}

TEST(StatJson, ALabelIsAValueOrSaysWhyNot) {
  Session x = make_session();
  EXPECT_TRUE(summary(x)["blocking"][0]["label"].is_null()) << "nobody asked";
  const LabelId acme = LabelId{1} << 63 | 1;
  x.tables.label_values = {{acme, "ac\nme"}};
  for (BlockingRow& row : x.tables.blocking) row.label = kLabelNone;
  x.tables.blocking[3].label = acme;
  x.tables.blocking[0].label = kLabelNotRead;
  RowOptions rows;
  rows.by = FoldBy::kLabel;
  rows.label_key = "tenant";
  const json blocking = summary(x, rows)["blocking"];
  EXPECT_EQ(blocking[0]["label"], json({{"key", "tenant"}, {"known", "value"}, {"value", "ac\nme"}}));
  EXPECT_EQ(blocking[1]["label"], json({{"key", "tenant"}, {"known", "not_read"}, {"value", nullptr}}));
  EXPECT_EQ(blocking[2]["label"], json({{"key", "tenant"}, {"known", "none"}, {"value", nullptr}}));
}

TEST(StatJson, WhatAFileLacksIsToldInChunksBytesAndTime) {
  Session x = make_session();
  const auto lacks = [&](const FileLack* lack) {
    return json::parse(json_text([&](JsonWriter& out) {
      StackNumbers stacks;
      stat_summary_json(out, x.facts, x.tables, x.symbols, stacks, {.lack = lack});
    }))["file_damage"];
  };
  FileLack lack;
  EXPECT_TRUE(lacks(nullptr).is_null()) << "of no file";
  EXPECT_TRUE(lacks(&lack).is_null()) << "of a whole one, which is what stat says";
  lack.damage = {
      .cut = true, .chunks = 3, .cut_chunks = 1, .bytes = 1000, .cut_bytes = 100, .whole_to = 7000};
  lack.missing = {{x.facts.begin_ns + 5, x.facts.begin_ns + 9}};
  lack.beginning = MissingBeginning{.ns = 77, .lost = 8};
  lack.told_ns = x.facts.begin_ns + 3;
  EXPECT_EQ(lacks(&lack), json({{"cut", true},
                                {"whole_to_byte", 7000},
                                {"cut_bytes", 100},
                                {"chunks", 2},
                                {"bytes", 900},
                                {"missing", {{5, 9}}},
                                {"another_file_behind", false},
                                {"beginning", {{"ns", 77}, {"lost", 8}}},
                                {"session_told_ns", 3}}));
}

TEST(StatJson, PausesAreNullUnlessTheirGroupSawSome) {
  Session x = make_session();
  json j = summary(x);
  for (const char* path : {"/pauses/count", "/pauses/total_ns", "/pauses/tainted",
                           "/pauses/collections/count", "/latency/stopped_ns", "/latency/held_up"})
    EXPECT_TRUE(j.at(json::json_pointer(path)).is_null()) << path;

  x.facts.requested |= group_bit(GT_GROUP_GC);
  x.tables.covered[GT_GROUP_GC] = {{x.facts.begin_ns, x.facts.end_ns}};
  x.tables.latency.stopped_ns = 70;
  x.tables.latency.held_up = 2;
  PauseTables& p = x.tables.pauses;
  p.rows.resize(1);
  p.rows[0].reason = kStwSweepTermination;
  p.rows[0].times.add(1000, 3);
  p.rows[0].in_window_ns = 3500;
  p.marking_since_ns = x.tables.at_ns - 9;
  p.tainted = 4;
  j = summary(x);
  EXPECT_EQ(j["latency"]["stopped_ns"], 70);
  EXPECT_EQ(j["latency"]["held_up"], 2);
  const json& pauses = j["pauses"];
  EXPECT_EQ(pauses["count"], 3);
  EXPECT_EQ(pauses["total_ns"], 3000);
  EXPECT_EQ(pauses["in_window_ns"], 3500);
  EXPECT_EQ(pauses["tainted"], 4);
  EXPECT_TRUE(pauses["stopped_now_ns"].is_null());
  EXPECT_EQ(pauses["by_reason"][0]["reason"], "GC sweep termination");
  EXPECT_EQ(pauses["by_reason"][0]["histogram"][0]["count"], 3);
  EXPECT_EQ(pauses["collections"]["count"], 0);
  EXPECT_EQ(pauses["collections"]["marking_now_ns"], 9);
  EXPECT_EQ(pauses["quality"], "exact");
}

TEST(StatJson, APanicThatNobodyRecoveredIsNotOneOfWhichTheRecoveryIsNotKnown) {
  Session x = make_session();
  x.tables.panics.rows = {
      {.stack = 0, .type = "main.A", .place = 0x7777, .count = 2, .last_ns = 0, .last = {}},
      {.stack = 0, .type = "main.B", .place = 0, .count = 1, .last_ns = 0, .last = {}}};
  const json rows = summary(x)["panics"]["rows"];
  EXPECT_EQ(rows[0]["recovered"], true);
  EXPECT_EQ(rows[0]["recovered_in"], json::array());
  EXPECT_EQ(rows[1]["recovered"], false);
  EXPECT_EQ(rows[1]["recovered_in"], json::array());
}

TEST(StatJson, SummaryHasEveryNamedField) {
  Session x = make_session();
  const json j = summary(x);
  for (const char* path : {"/type",
                           "/target/pid",
                           "/target/host_pid",
                           "/target/exe",
                           "/target/go_version",
                           "/window_ns",
                           "/goroutine_seconds/running",
                           "/goroutine_seconds/runnable",
                           "/goroutine_seconds/running_or_runnable",
                           "/goroutine_seconds/waiting",
                           "/goroutine_seconds/syscall",
                           "/goroutine_seconds/unknown",
                           "/goroutine_seconds/live_integral",
                           "/goroutine_seconds/covered",
                           "/goroutines/live",
                           "/goroutines/created",
                           "/goroutines/exited",
                           "/goroutines/system",
                           "/goroutines/quality",
                           "/blocking/0/reason",
                           "/blocking/0/stack/0/function",
                           "/blocking/0/stack/0/file",
                           "/blocking/0/stack/0/line",
                           "/blocking/0/stack/0/inlined",
                           "/blocking/0/count",
                           "/blocking/0/total_ns",
                           "/blocking/0/mean_ns",
                           "/blocking/0/p50_ns",
                           "/blocking/0/p99_ns",
                           "/blocking/0/max_ns",
                           "/blocking/0/ended_unknown",
                           "/blocking/0/tainted",
                           "/blocking/0/in_window_ns",
                           "/blocking/0/blocked_now",
                           "/blocking/0/oldest_ns",
                           "/blocking/0/wakers/0/stack",
                           "/blocking/0/wakers/0/count",
                           "/creation/0/function",
                           "/creation/0/gopc",
                           "/creation/0/stacks/0/stack",
                           "/creation/0/stacks/0/created",
                           "/creation/0/live",
                           "/creation/0/created",
                           "/creation/0/exited",
                           "/creation/0/oldest_ns",
                           "/objects",
                           "/latency/count",
                           "/latency/inferred",
                           "/latency/mean_ns",
                           "/latency/p50_ns",
                           "/latency/p99_ns",
                           "/latency/max_ns",
                           "/latency/engine",
                           "/latency/quality",
                           "/latency/covered",
                           "/syscalls/count",
                           "/syscalls/source",
                           "/events/produced",
                           "/events/received",
                           "/events/dropped",
                           "/events/by_reason/ring full",
                           "/cost/hits",
                           "/cost/target_cpu_percent",
                           "/cost/of_one_cpu_percent",
                           "/cost/calibrated_ns/emulated",
                           "/cost/calibrated_ns/single_step",
                           "/cost/detached",
                           "/tables/blocking/engine",
                           "/tables/blocking/quality",
                           "/tables/blocking/covered",
                           "/tables/creation/covered",
                           "/tables/objects/quality"}) {
    EXPECT_TRUE(j.contains(json::json_pointer(path))) << path;
  }
  EXPECT_EQ(j["type"], "summary");
  EXPECT_EQ(j["window_ns"], Session::kWindow);
  EXPECT_EQ(j["target"]["pid"], 7);
  EXPECT_EQ(j["target"]["host_pid"], 1234);
  EXPECT_DOUBLE_EQ(j["cost"]["target_cpu_percent"], 3.5);
  EXPECT_DOUBLE_EQ(j["cost"]["of_one_cpu_percent"], 7.0);
  EXPECT_EQ(j["goroutines"]["live_discrepancy"], 0);
}

TEST(StatJson, StacksAreWholeAndLeafFirst) {
  Session x = make_session();
  const json stack = summary(x)["blocking"][0]["stack"];
  ASSERT_EQ(stack.size(), 5u);
  EXPECT_EQ(stack[0]["function"], "runtime.gopark");
  EXPECT_EQ(stack[2]["inlined"], true);
  EXPECT_EQ(stack[4]["function"], "runtime.goexit");
}

TEST(StatJson, RowsByTimeInWindowAndSystemOnlyWhenAsked) {
  Session x = make_session();
  json rows = summary(x)["blocking"];
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0]["reason"], "chan receive");
  EXPECT_EQ(rows[1]["reason"], "IO wait");
  EXPECT_EQ(rows[2]["reason"], "syscall");
  rows = summary(x, true)["blocking"];
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0]["reason"], "GC worker (idle)");
  EXPECT_EQ(rows[0]["system"], true);
}

TEST(StatJson, WhatNobodySawIsNullNotZero) {
  Session x = make_session();
  const json j = summary(x);
  const json& read = j["blocking"][1];
  EXPECT_EQ(read["count"], 0);  // the group was on: no wait ended, and that is known
  for (const char* key : {"total_ns", "mean_ns", "p50_ns", "p99_ns", "max_ns", "oldest_ns"}) {
    EXPECT_TRUE(read[key].is_null()) << key;
  }
  const json& call = j["blocking"][2];
  EXPECT_TRUE(call["count"].is_null());  // its group was off
  EXPECT_TRUE(call["in_window_ns"].is_null());
  EXPECT_EQ(call["blocked_now"], 1);
  EXPECT_EQ(call["engine"], "snapshot");
  EXPECT_TRUE(j["syscalls"]["count"].is_null());
  EXPECT_TRUE(j["cross_check"].is_null());
}

TEST(StatJson, MemoryAloneSaysSo) {
  Session x = make_session();
  x.facts.requested = 0;
  x.tables.covered = {};
  x.facts.counters_begin = {
      .time_ns = Session::kBegin, .created = 100, .live = 50, .system = 5, .syscalls = 10, .settled = true};
  x.facts.counters_end = {
      .time_ns = x.facts.end_ns, .created = 130, .live = 60, .system = 5, .syscalls = 25, .settled = true};
  const json j = summary(x);
  EXPECT_EQ(j["goroutines"]["engine"], "counters");
  EXPECT_EQ(j["goroutines"]["created"], 30);
  EXPECT_EQ(j["goroutines"]["exited"], 20);
  EXPECT_EQ(j["syscalls"]["count"], 15);
  EXPECT_EQ(j["syscalls"]["source"], "counters");
  EXPECT_EQ(j["tables"]["blocking"]["engine"], "snapshot");
  EXPECT_TRUE(j["tables"]["blocking"]["covered"].empty());
  EXPECT_TRUE(j["latency"]["inferred"].is_number());  // the model has some: shown, not hidden
}

TEST(StatJson, WhenTheProbesWentTheCountersGoOnCounting) {
  Session x = make_session();
  x.tables.covered[GT_GROUP_LIFECYCLE] = {{Session::kBegin, Session::kBegin + 10}};
  x.facts.counters_begin = {
      .time_ns = Session::kBegin + 1, .created = 100, .live = 50, .system = 5, .settled = true};
  x.facts.counters_end = {
      .time_ns = x.facts.end_ns, .created = 3130, .live = 60, .system = 5, .settled = true};
  const json j = summary(x)["goroutines"];
  EXPECT_EQ(j["engine"], "counters");
  EXPECT_EQ(j["created"], 3030);
  EXPECT_EQ(j["exited"], 3020);
  EXPECT_TRUE(j["created_system"].is_null());
  EXPECT_EQ(j["covered"], json::array({{0, x.facts.end_ns - Session::kBegin}}));
  x.facts.counters_end->time_ns = Session::kBegin + 4'000'000'000;  // it exited behind that reading
  EXPECT_EQ(summary(x)["goroutines"]["covered"], json::parse("[[1,4000000000]]"));
}

TEST(StatJson, CoverageIsClippedToTheWindowAndCutByEveryNeededGroup) {
  Session x = make_session();
  x.tables.covered[GT_GROUP_RUN] = {{Session::kBegin + 10, Session::kBegin + 20},
                                    {Session::kBegin + 30, Session::kBegin + 40}};
  const json j = summary(x);
  EXPECT_EQ(j["goroutine_seconds"]["covered"], json::parse("[[10,20],[30,40]]"));
  EXPECT_EQ(j["goroutine_seconds"]["quality"], "lower bound");
  EXPECT_EQ(j["tables"]["blocking"]["covered"], json::parse("[[0,10000000000]]"));
  EXPECT_EQ(j["tables"]["blocking"]["quality"], "exact");
}

TEST(StatJson, WithoutRunWhatItTellsIsNull) {
  Session x = make_session();
  EXPECT_TRUE(summary(x)["goroutine_seconds"]["running_or_runnable"].is_null());
  without_run(x);
  const json j = summary(x);
  EXPECT_TRUE(j["goroutine_seconds"]["running"].is_null());
  EXPECT_TRUE(j["goroutine_seconds"]["runnable"].is_null());
  EXPECT_EQ(j["goroutine_seconds"]["running_or_runnable"], 2.5);
  EXPECT_EQ(j["goroutine_seconds"]["quality"], "exact");
  EXPECT_TRUE(j["creation"][0]["runnable_ns"].is_null());
  EXPECT_TRUE(j["creation"][0]["runnable_now"].is_null());
  EXPECT_TRUE(j["latency"]["count"].is_null());
  EXPECT_TRUE(j["goroutine_seconds"]["sampled_runs"].is_null());
  EXPECT_TRUE(j["run_sampling"].is_null());
}

TEST(StatJson, WithoutRunItHasWhatWasSampledAndWhatTheRuntimeTimed) {
  constexpr std::uint64_t s = 1'000'000'000;
  Session x = make_session();
  EXPECT_TRUE(summary(x)["latency"]["sampled_one_in"].is_null());
  without_run(x);
  x.tables.runs = SampledRuns{.running = {2 * s, s / 10, 0},
                              .runnable = {s / 2, s / 20, 0},
                              .covered = {{Session::kBegin, Session::kBegin + s}}};
  x.facts.run_sampling = SamplingFacts{.looks = 990, .missed = 10, .cpu_ns = s / 500, .time_ns = s};
  RuntimeLatency timed{{x.facts.begin_ns, x.facts.end_ns}, {}};
  timed.times.add(500, 8);
  x.facts.runtime_latency = timed;
  const json j = summary(x);
  const json& runs = j["goroutine_seconds"]["sampled_runs"];
  EXPECT_EQ(runs["running"], 2.0);
  EXPECT_EQ(runs["runnable"], 0.5);
  EXPECT_EQ(runs["standard_error"], (json{{"running", 0.1}, {"runnable", 0.05}}));
  EXPECT_EQ(runs["covered"], json::parse("[[0, 1000000000]]"));
  EXPECT_EQ(j["run_sampling"], (json{{"samples", 990}, {"missed", 10}, {"of_one_cpu_percent", 0.2}}));
  EXPECT_EQ(j["latency"]["count"], 8);
  EXPECT_EQ(j["latency"]["sampled_one_in"], 8);
  EXPECT_EQ(j["latency"]["engine"], "counters");
  EXPECT_EQ(j["latency"]["quality"], "sampled");
  EXPECT_TRUE(j["latency"]["inferred"].is_null());
}

TEST(StatJson, EveryRowSaysWhoSawItHowWellAndWhen) {
  Session x = make_session();
  add_objects(x);
  with_sync(x);
  x.tables.covered[GT_GROUP_BLOCK] = {{Session::kBegin + 10, Session::kBegin + 20}};
  x.tables.covered[GT_GROUP_SYSCALL] = {{Session::kBegin + 5, Session::kBegin + 15}};
  const json j = summary(x);
  EXPECT_EQ(j["blocking"][0]["covered"], json::parse("[[10,20]]"));
  ASSERT_EQ(j["blocking"][2]["reason"], "syscall");
  EXPECT_EQ(j["blocking"][2]["covered"], json::parse("[[5,15]]"));
  EXPECT_EQ(j["creation"][0]["covered"], json::parse("[[0,10000000000]]"));
  EXPECT_EQ(j["objects"][0]["covered"], json::parse("[[10,20]]"));
  for (const char* table : {"blocking", "creation", "objects"}) {
    for (const json& row : j[table]) {
      for (const char* key : {"engine", "quality", "covered"}) EXPECT_TRUE(row.contains(key)) << row;
    }
  }
}

TEST(StatJson, ObjectsAreTrustedByTheGroupsThatFedThem) {
  Session x = make_session();
  json j = summary(x);
  EXPECT_EQ(j["tables"]["objects"]["covered"], json::array()) << "block alone asks for none";
  add_objects(x);
  with_sync(x);
  j = summary(x);
  const json whole = json::parse("[[0,10000000000]]");
  EXPECT_EQ(j["tables"]["objects"]["engine"], "probes");
  EXPECT_EQ(j["tables"]["objects"]["quality"], "lower bound");  // of waits, always
  EXPECT_EQ(j["tables"]["objects"]["covered"], whole);
  EXPECT_EQ(j["objects"][0]["waits"], 5);
  EXPECT_EQ(j["objects"][0]["engine"], "probes");
  for (const char* unseen : {"sends", "receives", "closes", "would_block", "acquires", "releases"})
    EXPECT_TRUE(j["objects"][0][unseen].is_null()) << unseen;

  x.facts.requested |= group_bit(GT_GROUP_CHAN);
  x.tables.covered[GT_GROUP_CHAN] = {{Session::kBegin + 10, Session::kBegin + 20}};
  j = summary(x);
  EXPECT_EQ(j["objects"][0]["sends"], 0);  // seen, and there were none
  EXPECT_TRUE(j["objects"][0]["acquires"].is_null());
  EXPECT_EQ(j["objects"][0]["quality"], "lower bound");
  EXPECT_EQ(j["objects"][0]["covered"], json::parse("[[10,20]]"));
  EXPECT_EQ(j["objects"][1]["acquires"], 9);
  EXPECT_EQ(j["objects"][1]["releases"], 0);
  EXPECT_TRUE(j["objects"][1]["sends"].is_null());
  EXPECT_EQ(j["objects"][1]["covered"], whole);
  EXPECT_EQ(j["tables"]["objects"]["covered"], json::parse("[[10,20]]"));

  // Operations without block: nobody saw who waited.
  x.facts.requested = group_bit(GT_GROUP_CHAN);
  x.tables.covered = {};
  x.tables.covered[GT_GROUP_CHAN] = {{Session::kBegin, x.facts.end_ns}};
  x.tables.objects[0].waits = x.tables.objects[0].in_window_ns = 0;
  x.tables.objects[0].sends = 3;
  j = summary(x)["objects"];
  ASSERT_EQ(j[1]["kind"], "channel");
  EXPECT_TRUE(j[1]["waits"].is_null());
  EXPECT_TRUE(j[1]["in_window_ns"].is_null());
  EXPECT_EQ(j[1]["sends"], 3);
  EXPECT_EQ(j[1]["covered"], whole);
  EXPECT_EQ(j[1]["quality"], "exact");
}

TEST(StatJson, CrossCheckShowsDisagreement) {
  Session x = make_session();
  CrossCheck w;
  w.begin = {.time_ns = 1, .created = 100, .live = 50, .system = 5, .settled = true};
  w.end = {.time_ns = 2, .created = 150, .live = 60, .system = 5, .settled = true};
  w.before_begin = {0, 0};
  w.after_begin = {2, 1};
  w.before_end = {48, 30};
  w.after_end = {51, 32};
  x.facts.cross_check = w;
  json j = summary(x)["cross_check"];
  EXPECT_EQ(j["created"]["counters"], 50);
  EXPECT_EQ(j["created"]["probes"], json::parse("[46,51]"));
  EXPECT_EQ(j["created"]["verdict"], "agree");
  EXPECT_EQ(j["exited"]["counters"], 40);
  EXPECT_EQ(j["exited"]["verdict"], "disagree");
  // 40 is 7 more than the 33 that the probes can have seen.
  x.facts.cross_check->begin.exited_behind = 3;
  x.facts.cross_check->end.exited_ahead = 5;
  EXPECT_EQ(summary(x)["cross_check"]["exited"]["verdict"], "agree");
  x.facts.cross_check->end.exited_ahead = 0;
  x.facts.cross_check->end.settled = false;
  EXPECT_EQ(summary(x)["cross_check"]["exited"]["verdict"], "unsettled");
}

TEST(StatJson, StacksAreNumberedAsTheyAppearAndAlikeInEveryOutputOfTheRun) {
  Session x = make_session();
  const json first = summary(x);
  EXPECT_EQ(first["blocking"][0]["stack_id"], "s1");
  EXPECT_EQ(first["blocking"][1]["stack_id"], "s2");
  StackNumbers stacks;
  const std::uint64_t second_row = blocking_rows(x.tables, false)[1]->stack;
  EXPECT_EQ(stacks.name(second_row), "s1") << "a line of --waits came before";
  EXPECT_EQ(stacks.name(second_row), "s1");
  EXPECT_EQ(stacks.name(0), "") << "no stack was recorded";
  const json named = json::parse(
      json_text([&](JsonWriter& out) { stat_summary_json(out, x.facts, x.tables, x.symbols, stacks, {}); }));
  EXPECT_EQ(named["blocking"][0]["stack_id"], "s2");
  EXPECT_EQ(named["blocking"][1]["stack_id"], "s1");
}

TEST(StatJson, InvalidUtf8IsReplaced) {
  Session x = make_session();
  x.facts.target.exe = "/bin/\xff\xfe";
  x.symbols.stacks[11][3].function = std::string("main.\xc3(\x01\x1b[31m");
  const std::string line = json_text([&](JsonWriter& out) {
    StackNumbers stacks;
    stat_summary_json(out, x.facts, x.tables, x.symbols, stacks, {});
  });
  EXPECT_THAT(json::parse(line)["target"]["exe"].get<std::string>(), HasSubstr("\xef\xbf\xbd"));
  EXPECT_EQ(line.find('\x1b'), std::string::npos);
}

TEST(StatJson, EmptyTables) {
  Session x;
  const json j = summary(x);
  EXPECT_TRUE(j["blocking"].is_array() && j["blocking"].empty());
  EXPECT_TRUE(j["cost"]["target_cpu_percent"].is_null());
  EXPECT_TRUE(j["latency"]["mean_ns"].is_null());
}

TEST(StatJson, SamplingSaysWhatItIsAndNotWhatItCannotKnow) {
  Session x = make_sampling_session();
  const json j = summary(x);
  const json& table = j["tables"]["blocking"];
  EXPECT_EQ(table["engine"], "sampling");
  EXPECT_EQ(table["quality"], "sampled");
  EXPECT_EQ(table["covered"], json::parse("[[0,10000000000]]"));
  EXPECT_EQ(j["goroutine_seconds"]["engine"], "sampling");
  EXPECT_EQ(j["goroutine_seconds"]["standard_error"]["waiting"], 3.0);
  EXPECT_EQ(j["sampling"]["samples"], 990);
  EXPECT_DOUBLE_EQ(j["sampling"]["of_one_cpu_percent"], 2.0);
  const json& pool = j["blocking"][0];
  for (const char* unknown :
       {"count", "total_ns", "mean_ns", "p50_ns", "p99_ns", "max_ns", "ended_unknown", "tainted"})
    EXPECT_TRUE(pool[unknown].is_null()) << unknown;
  EXPECT_EQ(pool["engine"], "sampling");
  EXPECT_EQ(pool["covered"], json::parse("[[0,10000000000]]"));
  EXPECT_EQ(pool["quality"], "sampled");
  EXPECT_EQ(pool["sampled"]["ns"], pool["in_window_ns"]);
  EXPECT_EQ(pool["sampled"]["error_ns"], 80'000'000'000);
  EXPECT_EQ(pool["sampled"]["long_waits"]["count"], 2);
  EXPECT_EQ(pool["sampled"]["long_waits"]["max_ns"], 7'000'000'000);
  EXPECT_EQ(j["blocking"][1]["quality"], "exact") << "all of it was proven";
  EXPECT_EQ(j["creation"][0]["sampled"]["ns"], 90'000'000'000);
  Session probed = make_session();
  EXPECT_TRUE(summary(probed)["sampling"].is_null());
}

TEST(StatJson, WhoElseRanIntoSharedProbes) {
  Session x = make_session();
  EXPECT_TRUE(summary(x)["cost"]["shared_probes"].is_null()) << "its probes are its own";
  x.facts.shared_probes = {.targets = 12, .others_hits = 345};
  EXPECT_EQ(summary(x)["cost"]["shared_probes"], json::parse(R"({"targets": 12, "others_hits": 345})"));
}

TEST(StatJson, CoverageByEngineWhenSamplingTookOver) {
  Session x = make_sampling_session(4);
  const json j = summary(x);
  const json& table = j["tables"]["blocking"];
  EXPECT_EQ(table["engine"], "probes");
  EXPECT_EQ(table["quality"], "lower bound");
  EXPECT_EQ(table["covered"], json::parse("[[0,4000000000]]"));
  EXPECT_EQ(table["covered_by_sampling"], json::parse("[[4000000000,10000000000]]"));
  const json& pool = j["blocking"][0];
  EXPECT_EQ(pool["engine"], "probes");
  EXPECT_EQ(pool["covered"], table["covered"]);
  EXPECT_EQ(pool["covered_by_sampling"], table["covered_by_sampling"]);
  EXPECT_EQ(pool["count"], 101);
  ASSERT_EQ(j["blocking"][1]["engine"], "sampling");
  EXPECT_EQ(j["blocking"][1]["covered"], table["covered_by_sampling"]);
  EXPECT_EQ(pool["sampled"]["error_ns"], 80'000'000'000);
}

TEST(StatJson, IntervalIsTheDifferenceOfTwoSamples) {
  Sample a, b;
  a.at_ns = 2'000'000'000;
  b.at_ns = 4'000'000'000;
  a.groups = b.groups = group_bit(GT_GROUP_LIFECYCLE);
  a.totals.created = 10;
  b.totals.created = 30;
  b.totals.live = 9;
  b.totals.parks = 77;  // of a group that is off: not shown
  a.counters = {.time_ns = 1'900'000'000, .created = 1, .live = 1, .syscalls = 100};
  b.counters = {.time_ns = 3'900'000'000, .created = 2, .live = 5, .syscalls = 300};
  b.cost = {50, 2e7, 0};
  b.events.dropped = {{"ring full", 4}};
  const json j = json::parse(
      json_text([&](JsonWriter& out) { stat_interval_json(out, interval_row(a, b), {}, 1'000'000'000); }));
  EXPECT_EQ(j["type"], "interval");
  EXPECT_EQ(j["from_ns"], 1'000'000'000);
  EXPECT_EQ(j["created"]["per_s"], 10.0);
  EXPECT_EQ(j["created"]["engine"], "probes");
  EXPECT_TRUE(j["parks"].is_null());
  EXPECT_EQ(j["syscalls"]["per_s"], 100.0);
  EXPECT_EQ(j["syscalls"]["engine"], "counters");
  EXPECT_EQ(j["live"], 9);
  EXPECT_TRUE(j["cost"]["target_cpu_percent"].is_null());
  EXPECT_DOUBLE_EQ(j["cost"]["of_one_cpu_percent"], 1.0);
  EXPECT_EQ(j["lost"], 4);
  EXPECT_EQ(j["groups"], json::parse("[\"lifecycle\"]"));
}

}  // namespace
}  // namespace gorotrace::report_test
