// Threads that may be held up for ever: waited for, not for ever, and what they use lasts as long as they do.
#include "base/crew.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>

#include <array>
#include <atomic>
#include <chrono>

namespace gorotrace {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

struct Gate {
  std::atomic<bool> open = false;
};

TEST(Crew, WaitsForThoseThatReturn) {
  std::atomic<int> done = 0;
  Crew crew("test-crew");
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(crew.add([&done] {
      std::array<char, 16> name{};
      ::prctl(PR_GET_NAME, name.data());
      EXPECT_STREQ(name.data(), "test-crew");
      std::this_thread::sleep_for(20ms);
      ++done;
    }));
  }
  EXPECT_EQ(crew.leave(), 0u);
  EXPECT_EQ(done, 5);
}

TEST(Crew, LeavesBehindWhoIsHeldUp) {
  const auto gate = std::make_shared<Gate>();
  const std::weak_ptr<Gate> watched = gate;
  const auto begin = Clock::now();
  {
    Crew crew("test-crew");
    auto shared = gate;
    ASSERT_TRUE(crew.add([shared] {
      while (!shared->open) std::this_thread::sleep_for(1ms);
    }));
    ASSERT_TRUE(crew.add([] {}));
    EXPECT_EQ(crew.leave(50ms), 1u);
  }
  EXPECT_LT(Clock::now() - begin, 5s);
  EXPECT_EQ(watched.use_count(), 2) << "the thread has its share";
  gate->open = true;
  for (int i = 0; i < 2000 && watched.use_count() > 1; ++i) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(watched.use_count(), 1) << "which goes with it";
}

TEST(Crew, IsACrewAgainAfterwards) {
  Crew crew("test-crew");
  for (int i = 0; i < 2; ++i) {
    std::atomic<bool> ran = false;
    ASSERT_TRUE(crew.add([&ran] { ran = true; }));
    EXPECT_EQ(crew.leave(), 0u);
    EXPECT_TRUE(ran);
  }
}

}  // namespace
}  // namespace gorotrace
