#include "session/look_workers.h"

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "process/procfs.h"

namespace gorotrace {
namespace {
constexpr std::uint64_t kLongAgoNs = 200'000'000;
}  // namespace

// What the threads share with the session, which may be gone before the last of them is.
struct LookWorkers::Shared {
  struct Job {
    Work work;
    std::stop_source stop;
    std::uint64_t since_ns;
  };
  struct User {
    std::deque<Job> queue;
    std::size_t at_work = 0;
  };
  using Users = std::map<std::string, User>;

  explicit Shared(std::size_t most) : most_of_one(most) {}
  void run();
  // With the mutex held. Whose work has waited longest of those that may have another worker; end():
  // nobody's.
  [[nodiscard]] Users::iterator next();
  void work_for(Users::iterator user, std::unique_lock<std::mutex>& lock);

  const std::size_t most_of_one;
  std::mutex mutex;  // what follows
  std::condition_variable work;
  Users users;  // who waits, or is worked for
  std::vector<std::stop_source> at_work;
  std::size_t threads = 0;
  bool stopped = false;
};

LookWorkers::Shared::Users::iterator LookWorkers::Shared::next() {
  auto found = users.end();
  for (auto at = users.begin(); at != users.end(); ++at) {
    const User& user = at->second;
    if (user.queue.empty() || user.at_work >= most_of_one) continue;
    if (found == users.end() || user.queue.front().since_ns < found->second.queue.front().since_ns)
      found = at;
  }
  return found;
}

// Nothing else erases one who is worked for.
void LookWorkers::Shared::work_for(Users::iterator user, std::unique_lock<std::mutex>& lock) {
  std::stop_source stop;
  {
    Job job = std::move(user->second.queue.front());
    user->second.queue.pop_front();
    ++user->second.at_work;
    stop = job.stop;
    at_work.push_back(stop);
    lock.unlock();
    job.work(stop.get_token());
  }
  lock.lock();
  at_work.erase(std::ranges::find(at_work, stop));
  if (--user->second.at_work == 0 && user->second.queue.empty()) users.erase(user);
}

void LookWorkers::Shared::run() {
  std::unique_lock lock(mutex);
  while (!stopped) {
    if (const auto user = next(); user != users.end()) {
      work_for(user, lock);
    } else {
      work.wait(lock);
    }
  }
}

LookWorkers::LookWorkers(std::size_t most_threads, std::size_t most_of_one)
    : shared_(std::make_shared<Shared>(most_of_one)), most_threads_(most_threads) {}

LookWorkers::~LookWorkers() {
  std::vector<std::deque<Shared::Job>> dropped;
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stopped = true;
    for (auto& [name, user] : shared_->users) dropped.push_back(std::exchange(user.queue, {}));
    for (std::stop_source& stop : shared_->at_work) stop.request_stop();
    shared_->work.notify_all();
  }
  crew_.leave();
}

void LookWorkers::add(const std::string& user, Work work, std::stop_source stop) {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->users[user].queue.push_back({std::move(work), std::move(stop), monotonic_ns()});
  }
  look_after();  // before: it needs the mutex, which whoever wakes needs, too
  shared_->work.notify_one();
}

void LookWorkers::look_after() {
  const std::lock_guard lock(shared_->mutex);
  const auto next = shared_->next();
  if (next == shared_->users.end() || shared_->threads == most_threads_) return;
  const bool long_ago = monotonic_ns() > next->second.queue.front().since_ns + kLongAgoNs;
  if (shared_->threads != 0 && !long_ago) return;
  if (crew_.add([shared = shared_] { shared->run(); })) ++shared_->threads;
}

std::string user_at_work(pid_t pid) {
  const auto text = procfs::read_file(pid, "status");
  const auto status = text ? procfs::parse_status(*text) : std::nullopt;
  return status ? std::to_string(status->uid) : "";
}

}  // namespace gorotrace
