#include "http/capture_headers.h"

#include <gtest/gtest.h>

namespace gorotrace {
namespace {

std::string header(const Response& response, const std::string& name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return "none";
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
