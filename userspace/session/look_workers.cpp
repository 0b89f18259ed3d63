#include "session/look_workers.h"

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace gorotrace {
namespace {
constexpr std::uint64_t kPatienceNs = 200'000'000;
}  // namespace

// What the threads share with the session, which may be gone before the last of them is.
struct LookWorkers::Shared {
  struct Job {
    Work work;
    std::stop_source stop;
    std::uint64_t since_ns;
  };
  void run();

  std::mutex mutex;  // what follows
  std::condition_variable work;
  std::deque<Job> queue;
  std::vector<std::stop_source> at_work;
  std::size_t threads = 0;
  bool stopped = false;
};

void LookWorkers::Shared::run() {
  std::unique_lock lock(mutex);
  for (;;) {
    work.wait(lock, [this] { return stopped || !queue.empty(); });
    if (stopped) return;
    {
      Job job = std::move(queue.front());
      queue.pop_front();
      at_work.push_back(job.stop);
      lock.unlock();
      job.work(job.stop.get_token());
      lock.lock();
      at_work.erase(std::ranges::find(at_work, job.stop));
      lock.unlock();
    }
    lock.lock();
  }
}

LookWorkers::LookWorkers(std::size_t most_threads)
    : shared_(std::make_shared<Shared>()), most_threads_(most_threads) {}

LookWorkers::~LookWorkers() {
  std::deque<Shared::Job> dropped;
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stopped = true;
    std::swap(dropped, shared_->queue);
    for (std::stop_source& stop : shared_->at_work) stop.request_stop();
    shared_->work.notify_all();
  }
  crew_.leave();
}

void LookWorkers::add(Work work, std::stop_source stop) {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->queue.push_back({std::move(work), std::move(stop), monotonic_ns()});
  }
  look_after();  // before: it needs the mutex, which whoever wakes needs, too
  shared_->work.notify_one();
}

void LookWorkers::look_after() {
  const std::lock_guard lock(shared_->mutex);
  if (shared_->queue.empty() || shared_->threads == most_threads_) return;
  const bool long_ago = monotonic_ns() > shared_->queue.front().since_ns + kPatienceNs;
  if (shared_->threads != 0 && !long_ago) return;
  if (crew_.add([shared = shared_] { shared->run(); })) ++shared_->threads;
}

}  // namespace gorotrace
