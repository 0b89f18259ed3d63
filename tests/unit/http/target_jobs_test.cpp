#include "http/target_jobs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace gorotrace {
namespace {

using namespace std::chrono_literals;

TEST(TargetJobs, OfOneTargetOneAfterTheOther) {
  struct Seen {
    std::mutex mutex;
    std::vector<int> order;
    std::atomic<int> at_once = 0, most = 0;
    std::promise<void> all;
  };
  const auto seen = std::make_shared<Seen>();
  TargetJobs jobs;
  for (int i = 0; i < 8; ++i) {
    ASSERT_TRUE(jobs.add("a",
                         [seen, i] {
                           seen->most = std::max(seen->most.load(), ++seen->at_once);
                           std::this_thread::sleep_for(1ms);
                           --seen->at_once;
                           const std::lock_guard lock(seen->mutex);
                           seen->order.push_back(i);
                           if (seen->order.size() == 8) seen->all.set_value();
                         },
                         {}));
  }
  ASSERT_EQ(seen->all.get_future().wait_for(10s), std::future_status::ready);
  EXPECT_EQ(seen->order, (std::vector{0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(seen->most, 1);
}

TEST(TargetJobs, OneThatIsHeldUpHoldsUpNobodyElse) {
  struct Shared {
    std::promise<void> begun, let_go;
    std::shared_future<void> until = let_go.get_future().share();
  };
  const auto shared = std::make_shared<Shared>();
  TargetJobs jobs;
  ASSERT_TRUE(jobs.add("held",
                       [shared] {
                         shared->begun.set_value();
                         shared->until.wait();
                       },
                       {}));
  shared->begun.get_future().wait();
  std::size_t waiting = 0;
  while (waiting < 100 && jobs.add("held", [] {}, {})) ++waiting;
  EXPECT_EQ(waiting, TargetJobs::kOfOneKey);
  std::stop_source unwanted;
  unwanted.request_stop();
  const auto ran = std::make_shared<std::promise<bool>>();
  ASSERT_TRUE(jobs.add("other", [ran] { ran->set_value(false); }, unwanted.get_token()));
  ASSERT_TRUE(jobs.add("other", [ran] { ran->set_value(true); }, {}));
  auto result = ran->get_future();
  ASSERT_EQ(result.wait_for(10s), std::future_status::ready);
  EXPECT_TRUE(result.get()) << "the one that nobody wants was not begun";
  shared->let_go.set_value();
}

}  // namespace
}  // namespace gorotrace
