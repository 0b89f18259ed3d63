#include "cli/kept_time.h"

#include <gtest/gtest.h>

#include <thread>

namespace gorotrace {
namespace {

using namespace std::chrono_literals;

TEST(KeptTime, SaysNothingOfAWindowThatWasKept) {
  KeptTime kept;
  kept.busy(2s);
  EXPECT_EQ(kept.not_kept(2s, 2s, 10), "");
  EXPECT_EQ(kept.not_kept(2s, 1s, 10), "");      // the target ended
  EXPECT_EQ(kept.not_kept(2s, 2300ms, 10), "");  // a detach takes that
  EXPECT_EQ(kept.not_kept(60s, 63s, 10), "");
  EXPECT_NE(kept.not_kept(60s, 64s, 10), "");
}

TEST(KeptTime, SaysWhatMadeItLonger) {
  KeptTime kept;
  EXPECT_EQ(kept.not_kept(2s, 3s, 10), "asked for 2.00s, took 3.00s");
  kept.busy(1400ms);
  kept.busy(1s);
  EXPECT_EQ(
      kept.not_kept(2s, 8100ms, 1'000'000),
      "asked for 2.00s, took 8.10s: a step of gorotrace took up to 1.40s, with 1000000 goroutines to read");
  kept.busy(3s, 12ms);
  EXPECT_EQ(kept.not_kept(2s, 8100ms, 7),
            "asked for 2.00s, took 8.10s: a step of gorotrace took up to 3.00s, 12.0ms of it on a CPU, with "
            "7 goroutines "
            "to read");
  EXPECT_EQ(
      kept.not_kept(1s, 2s, 7),
      "asked for 1.00s, took 2.00s: a step of gorotrace took up to 3.00s (not all of it in the window), "
      "12.0ms of it on a CPU, with 7 goroutines to read");
  kept.overslept(5s);
  EXPECT_EQ(kept.not_kept(2s, 8100ms, 1'000'000),
            "asked for 2.00s, took 8.10s: gorotrace itself did not run for 5.00s");
}

TEST(KeptTime, AStepIsMeasured) {
  KeptTime kept;
  {
    const KeptTime::Step step(kept);
    std::this_thread::sleep_for(350ms);
  }
  const std::string said = kept.not_kept(1s, 2s, 7);
  EXPECT_NE(said.find("a step of gorotrace took up to 3"), std::string::npos) << said;  // 350ms and more
  EXPECT_NE(said.find("s of it on a CPU"), std::string::npos) << said;
}

}  // namespace
}  // namespace gorotrace
