// Lets go of links on a thread of its own: the kernel takes 40-120 ms for it, and whoever decides has other
// targets to look after. What is handed over while others go, goes together with all that has come by then.
// Threads: any.
#pragma once

#include <condition_variable>
#include <future>
#include <mutex>
#include <optional>
#include <thread>

#include "capture/bpf_handles.h"

namespace gorotrace {

class Detacher {
 public:
  Detacher();
  ~Detacher();  // once everything has gone
  Detacher(const Detacher&) = delete;
  Detacher& operator=(const Detacher&) = delete;

  // Ready once these, and all that were handed over before, are off and no program of theirs runs any more.
  [[nodiscard]] std::shared_future<void> detach(Links links);

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  Links next_;                              // under mutex_, as is all that follows
  std::optional<std::promise<void>> gone_;  // of next_; none while nothing waits
  std::shared_future<void> going_;          // of gone_
  bool ends_ = false;
  std::thread thread_;
};

}  // namespace gorotrace
