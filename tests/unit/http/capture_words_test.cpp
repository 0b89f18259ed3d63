#include "http/capture_words.h"

#include <gtest/gtest.h>

#include "probe/group_list.h"

namespace gorotrace {
namespace {

using namespace std::chrono_literals;

Result<CaptureWanted> trace(const std::string& query) {
  return trace_wanted(parse_request_target("/t?" + query).value());
}
Result<CaptureWanted> file(const std::string& query) {
  return capture_wanted(parse_request_target("/c?" + query).value());
}

TEST(TraceWanted, SecondsAsNetHttpPprofReadsThem) {
  for (const char* query :
       {"", "seconds=", "seconds=x", "seconds=0", "seconds=-5", "seconds=1e400", "seconds=nan", "seconds=1s",
        "seconds=%2b-1", "seconds=%202", "seconds=1&seconds=7"})
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

}  // namespace
}  // namespace gorotrace
