// Whose goroutines are looked at next: one budget and one queue of instants for the censuses of all targets,
// and one thread that looks, for the budget is a share of one CPU. A process can hold its reader up (the lock
// of its address space, a page that comes late); so a second thread watches the first, and goes on with the
// others when a look takes too long. Threads: control thread, but for those it runs.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/result.h"
#include "census/census_taker.h"

namespace gorotrace {

class SampleScheduler {
 public:
  explicit SampleScheduler(double cpu_share) : cpu_share_(cpu_share) {}
  // Every census has been stopped.
  ~SampleScheduler();

  // Both return the time of the look they begin or end with (CensusTaker). A census that was started is
  // stopped before it goes away.
  [[nodiscard]] Result<std::uint64_t> start(CensusTaker& census);
  std::uint64_t stop(CensusTaker& census);

 private:
  static constexpr std::size_t kMostThreads = 8;  // so many processes but one may hold up theirs
  struct Entry {
    CensusTaker* census;
    std::uint64_t number;  // of the start: the same object may be started again
  };
  struct Due {
    std::uint64_t at_ns;
    Entry entry;
    [[nodiscard]] bool operator>(const Due& o) const { return at_ns > o.at_ns; }
  };
  struct Worker {
    std::uint64_t looks_since_ns = 0;  // 0: does not look
    std::thread thread;
  };

  void run(Worker& self);
  void lead(Worker& self, CpuMeter& meter, std::unique_lock<std::mutex>& lock);
  void watch(Worker& self, std::unique_lock<std::mutex>& lock);
  [[nodiscard]] bool add_worker();  // false when there is no thread to be had
  void queue(std::uint64_t at_ns, Entry entry);
  [[nodiscard]] bool running(Entry entry) const;
  void divide(std::uint64_t now_ns);

  const double cpu_share_;
  std::mutex mutex_;  // what follows
  std::condition_variable lead_, watch_;
  bool stop_ = false;
  std::vector<Entry> running_;
  std::uint64_t starts_ = 0;
  std::vector<Due> queue_;  // a heap, the earliest first
  std::uint64_t divide_ns_ = 0;
  std::vector<std::unique_ptr<Worker>> workers_;
  Worker* leader_ = nullptr;
};

}  // namespace gorotrace
