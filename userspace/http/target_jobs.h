// Reads what requests ask for of targets, so that the server's thread never waits for one. Jobs of one key
// (one target) come one after the other: a process that holds up whoever reads its memory (base/crew.h) takes
// one thread from the others, and what is asked of it later waits behind. Threads: any may add.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

#include "base/crew.h"

namespace gorotrace {

class TargetJobs {
 public:
  static constexpr std::size_t kOfOneKey = 8;  // waiting
  static constexpr std::size_t kAtOnce = 8;    // threads, but for those that work on one job for kPatience
  static constexpr std::size_t kThreads = 64;  // with those
  static constexpr std::chrono::milliseconds kPatience{2000};

  TargetJobs();
  // What waits is dropped.
  ~TargetJobs();
  TargetJobs(const TargetJobs&) = delete;
  TargetJobs& operator=(const TargetJobs&) = delete;

  // Owns, or shares, all that it uses.
  using Job = std::function<void()>;
  // Dropped unbegun once `unwanted`. False: too many of that key wait.
  [[nodiscard]] bool add(const std::string& key, Job job, std::stop_token unwanted);

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
  std::mutex crew_mutex_;
  Crew crew_{"gt-answer"};
};

}  // namespace gorotrace
