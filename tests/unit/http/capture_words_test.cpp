#include "http/capture_words.h"

#include <gtest/gtest.h>

#include "probe/group_list.h"
#include "session/short_recording.h"

namespace gorotrace {
namespace {

using namespace std::chrono_literals;

Result<CaptureWanted> trace(const std::string& query) {
  return trace_wanted(parse_request_target("/t?" + query).value());
}
Result<CaptureWanted> file(const std::string& query) {
  return capture_wanted(parse_request_target("/c?" + query).value());
}
std::string header(const Response& response, const std::string& name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return "none";
}

TEST(TraceWanted, SecondsAsNetHttpPprofReadsThem) {
  for (const char* query :
       {"", "seconds=", "seconds=x", "seconds=0", "seconds=-5", "seconds=1e400", "seconds=nan", "seconds=1s",
        "seconds=%2b-1", "seconds= 2", "seconds=1&seconds=7"})
    EXPECT_EQ(trace(query)->duration, 1s) << query;
  EXPECT_EQ(trace("seconds=0.25")->duration, 250ms);
  EXPECT_EQ(trace("seconds=.5")->duration, 500ms);
  EXPECT_EQ(trace("seconds=%2b3")->duration, 3s);
  EXPECT_EQ(trace("seconds=3e1")->duration, 30s);
  EXPECT_EQ(trace("seconds=1e-300")->duration, 1ns);
  for (const char* query : {"seconds=30.001", "seconds=inf", "seconds=1e300"})
    EXPECT_EQ(trace(query).error().message, "profile duration exceeds server's WriteTimeout") << query;
  EXPECT_EQ(trace("probes=chan")->groups, kRecordedGroups);
}

TEST(CaptureWanted, WhatIsNotAllowedIsSaid) {
  EXPECT_EQ(file("")->duration, 1s);
  EXPECT_EQ(file("")->groups, kRecordedGroups);
  EXPECT_EQ(file("seconds=30")->duration, 30s);
  for (const char* query :
       {"seconds=", "seconds=x", "seconds=0", "seconds=nan", "seconds=30.1", "seconds=inf"}) {
    const auto wanted = file(query);
    ASSERT_FALSE(wanted) << query;
    EXPECT_EQ(wanted.error().kind, ErrorKind::kUsage);
    EXPECT_TRUE(wanted.error().message.ends_with("is not a number above 0 and up to 30")) << query;
  }
  EXPECT_EQ(file("probes=block,run")->groups, group_bit(GT_GROUP_BLOCK) | group_bit(GT_GROUP_RUN));
  EXPECT_EQ(file("probes=+sync")->groups, kRecordedGroups | group_bit(GT_GROUP_SYNC));
  EXPECT_EQ(file("probes=-gc,%2bchan")->groups,
            (kRecordedGroups | group_bit(GT_GROUP_CHAN)) & ~group_bit(GT_GROUP_GC));
  EXPECT_EQ(file("probes=none")->groups, 0u);
  for (const char* query : {"probes=", "probes=blok", "probes=block,,run", "probes=%00"})
    EXPECT_EQ(file(query).error().kind, ErrorKind::kUsage) << query;
}

TEST(CaptureHeaders, SayWhatItTookAndNothingThatIsNoHeader) {
  auto in_memory = MemoryFile::make("test");
  ASSERT_TRUE(in_memory);
  ShortRecording recording{
      .file = *std::move(in_memory), .target = 1, .facts = {}, .end = {}, .why = {}, .dropped = 0};
  recording.facts.begin_ns = 1'000'000'000;
  recording.facts.end_ns = 3'500'000'000;
  recording.facts.cost = {.hits = 10, .charged_ns = 5e6, .target_cpu_ns = 50'000'000};
  Response quiet;
  add_capture_headers(quiet, recording);
  EXPECT_EQ(header(quiet, "X-Gorotrace-Seconds"), "2.500");
  EXPECT_EQ(header(quiet, "X-Gorotrace-Cost"), "10.0% of the target's CPU time, 5.0 ms in 10 hits");
  EXPECT_EQ(header(quiet, "X-Gorotrace-Ended"), "none");
  EXPECT_EQ(header(quiet, "X-Gorotrace-Lost"), "none");
  recording.why = "over\r\nSet-Cookie: x\x7f";
  recording.dropped = 3;
  recording.facts.notices.assign(100, std::string(5000, '\n'));
  Response loud;
  add_capture_headers(loud, recording);
  EXPECT_EQ(header(loud, "X-Gorotrace-Ended"), "over??Set-Cookie: x?");
  EXPECT_EQ(header(loud, "X-Gorotrace-Lost"), "3 events");
  EXPECT_EQ(header(loud, "Gorotrace-Note"), std::string(1024, '?'));
  EXPECT_LT(loud.headers.size(), 25u);
}

}  // namespace
}  // namespace gorotrace
