// The threads that read whole processes, so that whoever has to answer never waits for one: a few for all
// targets. One works, for looks are paced by what they take; another comes when a look has waited for 0.2 s,
// because a process can hold up whoever reads its memory (base/crew.h), up to a limit. Those whose processes
// belong to one user are a part of these at most, so that nobody's processes hold up the looks at another
// user's.
// Threads: one owner, but for those it runs.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "base/crew.h"

namespace gorotrace {

class LookWorkers {
 public:
  static constexpr std::size_t kMostThreads = 32, kMostOfOneUser = 8;
  explicit LookWorkers(std::size_t most_threads = kMostThreads, std::size_t most_of_one = kMostOfOneUser);
  // What waits is dropped, who works is told to stop, and left behind when the kernel does not let go of it.
  ~LookWorkers();

  // Owns, or shares, all that it uses; returns soon once it is told to stop.
  using Work = std::function<void(const std::stop_token& stop)>;
  // user: whose process may hold up the work. Work for one user is begun in the order in which it came; that
  // for others does not wait for it once as many as may be are at work for one.
  void add(const std::string& user, Work work, std::stop_source stop);
  // Nothing is added meanwhile, and yet the next worker may be needed: called at every tick.
  void look_after();

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
  const std::size_t most_threads_;
  Crew crew_{"gt-look"};
};

// Of a process, for LookWorkers::add(): its effective user's number; "" when it is gone.
[[nodiscard]] std::string user_at_work(pid_t pid);

// What takes long never holds up what does not.
struct SessionWorkers {
  LookWorkers looks;
  LookWorkers counters;
};

}  // namespace gorotrace
