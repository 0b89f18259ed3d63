#include "capture/detacher.h"

#include <algorithm>
#include <iterator>
#include <system_error>
#include <utility>

#include "base/thread_name.h"
#include "capture/detach.h"

namespace gorotrace {

Detacher::Detacher() {
  try {
    thread_ = std::thread([this] {
      name_thread("gt-detach");
      run();
    });
  } catch (const std::system_error&) {  // none to be had: detach() does it itself
  }
}

Detacher::~Detacher() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

std::shared_future<void> Detacher::detach(Links links) {
  if (!thread_.joinable()) {
    detach_links(std::move(links));
    std::promise<void> gone;
    gone.set_value();
    return gone.get_future().share();
  }
  const std::lock_guard lock(mutex_);
  std::ranges::move(links, std::back_inserter(next_));
  if (!gone_) going_ = gone_.emplace().get_future().share();
  changed_.notify_one();
  return going_;
}

void Detacher::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return gone_ || ends_; });
    if (!gone_) return;
    Links links = std::exchange(next_, {});
    std::promise<void> gone = *std::exchange(gone_, std::nullopt);
    lock.unlock();
    detach_links(std::move(links));
    gone.set_value();
    lock.lock();
  }
}

}  // namespace gorotrace
