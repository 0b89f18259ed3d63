#include "http/target_jobs.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <list>
#include <map>
#include <utility>

namespace gorotrace {
namespace {
using Clock = std::chrono::steady_clock;
}

struct TargetJobs::Shared {
  struct Item {
    Job job;
    std::stop_token unwanted;
  };
  struct Queue {
    std::deque<Item> items;
    bool at_work = false;
  };
  void run();
  // Threads that work, and will soon be at another job as far as one can tell.
  [[nodiscard]] std::size_t busy() const {
    const auto long_ago = Clock::now() - kPatience;
    return static_cast<std::size_t>(std::ranges::count_if(begun, [&](auto at) { return at > long_ago; }));
  }

  std::mutex mutex;  // what follows
  std::condition_variable work;
  std::map<std::string, Queue> queues;  // none is empty unless somebody is at work on it
  std::deque<std::string> ready;        // keys with jobs that nobody works on
  std::list<Clock::time_point> begun;   // of the jobs at work
  std::size_t threads = 0, idle = 0;
  bool stopped = false;
};

void TargetJobs::Shared::run() {
  std::unique_lock lock(mutex);
  for (;;) {
    ++idle;
    work.wait(lock, [this] { return stopped || !ready.empty(); });
    --idle;
    if (stopped) return;
    const std::string key = std::move(ready.front());
    ready.pop_front();
    Queue& queue = queues[key];  // stays where it is
    queue.at_work = true;
    const auto at = begun.insert(begun.end(), Clock::now());
    {
      Item item = std::move(queue.items.front());
      queue.items.pop_front();
      lock.unlock();
      if (!item.unwanted.stop_requested()) item.job();
    }
    lock.lock();
    begun.erase(at);
    queue.at_work = false;
    if (queue.items.empty()) {
      queues.erase(key);
    } else {
      ready.push_back(key);
    }
  }
}

TargetJobs::TargetJobs() : shared_(std::make_shared<Shared>()) {}

TargetJobs::~TargetJobs() {
  std::map<std::string, Shared::Queue> dropped;
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stopped = true;
    shared_->ready.clear();
    // Who is at work has a reference to his queue.
    for (auto& [key, queue] : shared_->queues) std::swap(queue.items, dropped[key].items);
    shared_->work.notify_all();
  }
  const std::lock_guard lock(crew_mutex_);
  crew_.leave();
}

bool TargetJobs::add(const std::string& key, Job job, std::stop_token unwanted) {
  bool another = false;
  {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->stopped) return false;
    Shared::Queue& queue = shared_->queues[key];
    if (queue.items.size() >= kOfOneKey) return false;
    queue.items.push_back({std::move(job), std::move(unwanted)});
    if (!queue.at_work && queue.items.size() == 1) shared_->ready.push_back(key);
    another =
        shared_->ready.size() > shared_->idle && shared_->busy() < kAtOnce && shared_->threads < kThreads;
    if (another) ++shared_->threads;
  }
  shared_->work.notify_one();
  if (!another) return true;
  const std::lock_guard lock(crew_mutex_);
  if (!crew_.add([shared = shared_] { shared->run(); })) {
    const std::lock_guard of_counts(shared_->mutex);
    --shared_->threads;
  }
  return true;
}

}  // namespace gorotrace
