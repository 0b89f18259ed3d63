// A sink with a queue and a thread of its own, so that its work holds up nobody. While more than max_bytes
// wait, records and sampling ticks are dropped for this sink alone, and a Loss or a SamplesLost stands where
// they stood; nothing else is dropped.
// Threads: push() on the router's; poke() and dropped() on any; the two functions on the own thread.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "stream/item_sink.h"

namespace gorotrace {

class SinkThread : public ItemSink {
 public:
  // `poked` is called when all is taken that was pushed before a poke(), with that poke's number; once for
  // several between which nothing was pushed, with the last one's.
  SinkThread(std::size_t max_bytes, std::function<void(const Batch&)> take,
             std::function<void(std::uint64_t)> poked = {});
  ~SinkThread() override;  // finish()

  // What is queued is taken, then the thread ends. Nothing is pushed any more.
  void finish();

  void push(std::shared_ptr<const Batch> batch) override;
  std::uint64_t poke();  // the number it has: one more than the one before
  // Records, of all targets and of one that is not gone.
  [[nodiscard]] std::uint64_t dropped() const;
  [[nodiscard]] std::uint64_t dropped(TargetId target) const;
  // Ticks of a target that is not gone.
  [[nodiscard]] std::uint64_t dropped_samples(TargetId target) const;

 private:
  void run();
  void queue_late();
  void add_what_must_not_go(const Batch& batch);
  void lose(const Item& item, const Records& run);
  void lose_tick(const Item& item);

  const std::size_t max_bytes_;
  const std::function<void(const Batch&)> take_;
  const std::function<void(std::uint64_t)> poked_;

  mutable std::mutex mutex_;
  std::condition_variable work_;
  struct Queued {
    std::shared_ptr<const Batch> batch;  // nullptr: a poke
    std::size_t bytes = 0;
    std::uint64_t poke = 0;
  };
  std::deque<Queued> queue_;
  std::size_t queued_bytes_ = 0;
  // What came while the queue was full, behind all of it: losses of one target run into one while nothing
  // else of it comes, so a sink that stands still for long fills no memory with them.
  Batch late_;
  std::unordered_map<TargetId, std::size_t> open_losses_, open_samples_lost_;  // positions in late_
  std::uint64_t dropped_ = 0;
  std::unordered_map<TargetId, std::uint64_t> dropped_of_, dropped_samples_of_;
  std::uint64_t pokes_ = 0;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace gorotrace
