#include "base/crew.h"

#include <system_error>
#include <utility>

#include "base/thread_name.h"

namespace gorotrace {

void Crew::forget_returned() {
  const std::lock_guard lock(returned_->mutex);
  returned_->count -= std::erase_if(members_, [](Member& member) {
    if (!*member.returned) return false;
    member.thread.join();  // it has nothing more to do than to let go of the mutex
    return true;
  });
}

bool Crew::add(std::function<void()> body) {
  forget_returned();
  const auto flag = std::make_shared<bool>(false);
  auto run = [body = std::move(body), flag, all = returned_, name = name_]() mutable {
    name_thread(name);
    body();
    body = nullptr;  // what it shares goes before anybody is told that it went
    const std::lock_guard lock(all->mutex);
    *flag = true;
    ++all->count;
    all->one.notify_all();
  };
  try {
    members_.push_back({std::thread(std::move(run)), flag});
  } catch (const std::system_error&) {
    return false;
  }
  return true;
}

std::size_t Crew::leave(std::chrono::nanoseconds patience) {
  std::unique_lock lock(returned_->mutex);
  returned_->one.wait_for(lock, patience, [this] { return returned_->count == members_.size(); });
  std::vector<std::thread> done;
  std::size_t held = 0;
  for (Member& member : members_) {
    if (*member.returned) {
      done.push_back(std::move(member.thread));
    } else {
      member.thread.detach();
      ++held;
    }
  }
  members_.clear();
  lock.unlock();
  for (std::thread& thread : done) thread.join();
  returned_ = std::make_shared<Returned>();
  return held;
}

}  // namespace gorotrace
