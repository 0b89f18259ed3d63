// A user whose processes hold up their readers is not read, and everybody else is.
#include "agent/reader_quota.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace gorotrace {
namespace {

using namespace std::chrono_literals;

class Quota : public ::testing::Test {
 protected:
  ~Quota() override { release(); }
  // A reading that ends with release().
  void hold_up(const std::string& user) {
    const std::size_t before = entered_;
    threads_.emplace_back([this, user] {
      (void)quota.run(user, [this] {
        std::unique_lock lock(mutex_);
        ++entered_;
        changed_.notify_all();
        changed_.wait(lock, [this] { return released_; });
      });
    });
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return entered_ > before; });
  }
  void release() {
    {
      const std::lock_guard lock(mutex_);
      released_ = true;
    }
    changed_.notify_all();
    threads_.clear();
  }
  bool reads(const std::string& user) {
    bool read = false;
    const bool ran = quota.run(user, [&] { read = true; });
    EXPECT_EQ(ran, read);
    return ran;
  }

  std::atomic<std::uint64_t> now{1'000'000'000};
  ReaderQuota quota{2, 5s, [this] { return now.load(); }};

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::atomic<std::size_t> entered_ = 0;
  bool released_ = false;
  std::vector<std::jthread> threads_;
};

TEST_F(Quota, ThatManyHeldUpAreTheLast) {
  hold_up("bad");
  hold_up("bad");
  EXPECT_TRUE(reads("bad")) << "they may only be slow";
  now += 6'000'000'000;
  EXPECT_FALSE(reads("bad"));
  EXPECT_TRUE(reads("good"));
  release();
  EXPECT_TRUE(reads("bad"));
}

TEST_F(Quota, FewerHeldUpAreNoReason) {
  hold_up("bad");
  now += 6'000'000'000;
  hold_up("bad");  // it has just begun
  EXPECT_TRUE(reads("bad"));
  now += 6'000'000'000;
  EXPECT_FALSE(reads("bad"));
}

}  // namespace
}  // namespace gorotrace
