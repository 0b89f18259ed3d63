// How many threads the processes of one user may hold up: a thread that waits in the kernel for a page that
// never comes is lost until its process ends, and there are only so many. Once a user's processes hold up
// that many, none of them is read any more, and those of others still are. Threads: any.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>

namespace gorotrace {

class ReaderQuota {
 public:
  // now: CLOCK_MONOTONIC ns. A reading that takes longer than `long_after` is held up.
  ReaderQuota(std::size_t most_held_up, std::chrono::nanoseconds long_after,
              std::function<std::uint64_t()> now);

  // Runs it, which reads a process of that user. False: it was not run, for others of that user are held up.
  [[nodiscard]] bool run(const std::string& user, const std::function<void()>& reading);

 private:
  const std::size_t most_held_up_;
  const std::uint64_t long_after_ns_;
  const std::function<std::uint64_t()> now_;
  std::mutex mutex_;                                           // what follows
  std::map<std::string, std::multiset<std::uint64_t>> begun_;  // when each reading began that goes on
};

}  // namespace gorotrace
