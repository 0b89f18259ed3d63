// Who reads whole processes: one thread while it suffices, others when a process holds one up, and nobody who
// is waited for for ever.
#include "session/look_workers.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace gorotrace {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

const std::string kUser = "1000";

bool comes(const std::function<bool()>& what, LookWorkers& workers) {
  const auto end = Clock::now() + 5s;
  while (!what() && Clock::now() < end) {
    workers.look_after();
    std::this_thread::sleep_for(5ms);
  }
  return what();
}

TEST(LookWorkers, OneAfterTheOtherWhileNoneTakesLong) {
  int most_at_once = 0;
  // A machine that is too busy makes what takes 1 ms long: another try.
  for (int tries = 0; tries < 10; ++tries) {
    LookWorkers workers;
    std::atomic<int> at_work = 0, most = 0, done = 0;
    const auto begin = Clock::now();
    for (int i = 0; i < 20; ++i) {
      workers.add(kUser,
                  [&](const std::stop_token&) {
                    most = std::max(most.load(), ++at_work);
                    std::this_thread::sleep_for(1ms);
                    --at_work;
                    ++done;
                  },
                  {});
    }
    ASSERT_TRUE(comes([&] { return done == 20; }, workers));
    most_at_once = most;
    if (Clock::now() - begin < 150ms) break;
  }
  EXPECT_EQ(most_at_once, 1);
}

TEST(LookWorkers, AProcessThatHoldsUpItsReaderHoldsUpNobodyElse) {
  const auto gate = std::make_shared<std::atomic<bool>>(false);
  const std::weak_ptr<std::atomic<bool>> watched = gate;
  const auto begin = Clock::now();
  {
    LookWorkers workers;
    std::atomic<int> done = 0;
    workers.add(kUser,
                [gate](const std::stop_token&) {
                  while (!*gate) std::this_thread::sleep_for(1ms);  // the kernel knows of no stop
                },
                {});
    for (int i = 0; i < 3; ++i) workers.add(kUser, [&](const std::stop_token&) { ++done; }, {});
    EXPECT_TRUE(comes([&] { return done == 3; }, workers));
  }
  EXPECT_LT(Clock::now() - begin, 6s) << "its end waits, but not for ever";
  *gate = true;
  for (int i = 0; i < 2000 && watched.use_count() > 1; ++i) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(watched.use_count(), 1);
}

TEST(LookWorkers, EndsWhatItToldToStopAndDropsWhatWaits) {
  std::atomic<bool> stopped = false, began = false, ran = false;
  {
    LookWorkers workers;
    workers.add(
        kUser,
        [&](const std::stop_token& stop) {
          began = true;
          while (!stop.stop_requested()) std::this_thread::sleep_for(1ms);
          stopped = true;
        },
        std::stop_source());
    ASSERT_TRUE(comes([&] { return began.load(); }, workers));
    workers.add(kUser, [&](const std::stop_token&) { ran = true; }, {});
  }
  EXPECT_TRUE(stopped);
  EXPECT_FALSE(ran);
}

// Whoever reads slowly, and not only who never ends: all that came of one user stand before the other's.
TEST(LookWorkers, OneUsersProcessesHoldUpTheLooksAtNobodyElses) {
  constexpr int kHostile = 100;
  const auto gate = std::make_shared<std::atomic<bool>>(false);
  std::atomic<int> at_work = 0, most = 0, hostile_done = 0, done = 0;
  LookWorkers workers(16, 4);
  for (int i = 0; i < kHostile; ++i) {
    workers.add(kUser,
                [&, gate](const std::stop_token&) {
                  most = std::max(most.load(), ++at_work);
                  while (!*gate) std::this_thread::sleep_for(1ms);
                  --at_work;
                  ++hostile_done;
                },
                {});
  }
  ASSERT_TRUE(comes([&] { return at_work == 4; }, workers));
  const auto begin = Clock::now();
  for (int i = 0; i < 20; ++i) workers.add("1001", [&](const std::stop_token&) { ++done; }, {});
  EXPECT_TRUE(comes([&] { return done == 20; }, workers));
  EXPECT_LT(Clock::now() - begin, 3s);
  EXPECT_EQ(most, 4);
  EXPECT_EQ(hostile_done, 0);
  *gate = true;
  EXPECT_TRUE(comes([&] { return hostile_done == kHostile; }, workers)) << "put off, and not dropped";
  EXPECT_EQ(most, 4);
}

TEST(LookWorkers, WhoseAProcessIs) {
  EXPECT_EQ(user_at_work(::getpid()), std::to_string(::geteuid()));
  EXPECT_EQ(user_at_work(-1), "");
}

}  // namespace
}  // namespace gorotrace
