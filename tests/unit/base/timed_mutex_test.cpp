#include "base/timed_mutex.h"

#include <gtest/gtest.h>

#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

namespace gorotrace {
namespace {

using std::chrono::milliseconds;

TEST(TimedMutex, IsHeldByOneAtATime) {
  TimedMutex mutex;
  int sum = 0;  // of no atomic type: ThreadSanitizer tells
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        const std::unique_lock lock(mutex, std::chrono::hours(1));
        sum += lock.owns_lock();
      }
    });
  }
  threads.clear();
  EXPECT_EQ(sum, 4000);
}

TEST(TimedMutex, AWaitEnds) {
  TimedMutex mutex;
  std::unique_lock held(mutex);
  bool had = true;
  std::jthread([&] { had = std::unique_lock(mutex, milliseconds(10)).owns_lock(); }).join();
  EXPECT_FALSE(had);
  held.unlock();
  std::jthread([&] { had = std::unique_lock(mutex, milliseconds(0)).owns_lock(); }).join();
  EXPECT_TRUE(had);
}

TEST(TimedMutex, WhoeverWaitsHasItWhenItIsFree) {
  TimedMutex mutex;
  std::unique_lock held(mutex);
  bool had = false;
  std::jthread waits([&] { had = std::unique_lock(mutex, std::chrono::hours(1)).owns_lock(); });
  std::this_thread::sleep_for(milliseconds(20));
  held.unlock();
  waits.join();
  EXPECT_TRUE(had);
}

}  // namespace
}  // namespace gorotrace
