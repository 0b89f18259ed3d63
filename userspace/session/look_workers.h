// The threads that read whole processes for a session, so that control never waits for one: a few for all
// targets. One works, for looks are paced by what they take; another comes when a look has waited for 0.2 s,
// because a process can hold up whoever reads its memory (base/crew.h), eight at most unless it is said
// otherwise.
// Threads: control thread, but for those it runs.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <stop_token>

#include "base/crew.h"

namespace gorotrace {

class LookWorkers {
 public:
  static constexpr std::size_t kMostThreads = 8;
  explicit LookWorkers(std::size_t most_threads = kMostThreads);
  // What waits is dropped, who works is told to stop, and left behind when the kernel does not let go of it.
  ~LookWorkers();

  // Owns, or shares, all that it uses; returns soon once it is told to stop.
  using Work = std::function<void(const std::stop_token& stop)>;
  void add(Work work, std::stop_source stop);
  // Nothing is added meanwhile, and yet the next worker may be needed: called at every tick.
  void look_after();

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
  const std::size_t most_threads_;
  Crew crew_;
};

// What takes long never holds up what does not.
struct SessionWorkers {
  LookWorkers looks;
  LookWorkers counters;
};

}  // namespace gorotrace
