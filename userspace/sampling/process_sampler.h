// Takes sampling of one process: looks at its goroutines when it is told to, within a share of one CPU, and
// hands on what each look adds. Shared by its owner and by whoever looks, whom the process may hold up for
// ever (base/crew.h): behind end() such a look hands on nothing. Threads: permit(), begun(), first_instant()
// and end() are the control thread's; begin(), look_last() and tick() whoever's turn it is, and these three
// and end() hand on; cost() is any thread's, who waits for no look at memory.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <stop_token>

#include "base/result.h"
#include "base/timed_mutex.h"
#include "process/stoppable_memory.h"
#include "sampling/cpu_meter.h"
#include "sampling/instants.h"
#include "sampling/pace.h"
#include "sampling/run_sampler.h"
#include "sampling/sample_tick.h"
#include "sampling/sampler.h"

namespace gorotrace {

struct SamplingCost {
  std::uint64_t looks = 0, looks_at_all = 0;  // at_all: every goroutine was looked at
  std::uint64_t goroutines_seen = 0;          // slots of allgs, over all looks
  std::uint64_t without_stack = 0;            // sightings of a wait whose stack could not be pinned
  std::uint64_t cpu_ns = 0;                   // of the threads that looked
  std::uint64_t time_ns = 0;                  // it has run for
  std::uint64_t missed = 0;  // kLookPeriodNs without a look: the share did not reach, or no thread ran
};

// Who is told of the looks at one process, one at a time, in order. Does not wait for long.
class SampleSink {
 public:
  virtual ~SampleSink() = default;
  // In front of the first tick that names them; `stacks` has those that the classes name.
  virtual void define(std::uint64_t at_ns, SampleClasses classes, const StackSet& stacks) = 0;
  virtual void tick(SampleTick tick) = 0;
  virtual void end(std::uint64_t at_ns) = 0;  // no tick follows for a while
};

class ProcessSampler {
 public:
  // The seed decides instants and choices.
  ProcessSampler(std::shared_ptr<const Memory> memory, SamplingSubject subject, std::uint64_t seed,
                 std::shared_ptr<SampleSink> sink);
  ProcessSampler(std::shared_ptr<const Memory> memory, RunSubject subject, std::uint64_t seed,
                 std::shared_ptr<SampleSink> sink);

  // Until end(): for one call of begin(), which may come to run behind end(), and then does nothing.
  [[nodiscard]] std::stop_token permit();
  // Whoever calls these two may be held up for ever.
  // Looks at once, whatever that costs, and returns the time of the look; where every look is at everybody,
  // and they are very many, leaves it to the first tick. An error: there is no sampling.
  [[nodiscard]] Result<std::uint64_t> begin(double cpu_share, std::stop_token permit);
  // Looks once more, unless looks take long: then the one that goes on is stopped.
  void look_last();

  // Before that, and behind it, or when nobody waits for it any more: returns the time of the last look.
  void begun() { running_ = true; }
  std::uint64_t end();
  [[nodiscard]] bool running() const { return running_; }

  // Whoever holds the turn looks, and nobody else does.
  [[nodiscard]] std::unique_lock<TimedMutex> take_turn() { return std::unique_lock(turn_); }
  // When to look first, and behind a look again; nullopt: the process is gone. The look takes no stack that
  // it has not come to in stacks_ns, and is charged for all that `meter` has not been asked for yet.
  [[nodiscard]] std::uint64_t first_instant() const;
  [[nodiscard]] std::optional<std::uint64_t> tick(CpuMeter& meter, std::uint64_t stacks_ns);

  // Of one CPU: what it may take, and what it would take to look at every goroutine 100 times a second.
  void set_share(double cpu_share) { share_ = cpu_share; }
  [[nodiscard]] double wanted_share() const { return wanted_share_; }
  // A tick was lost on its way: the next look begins a stretch.
  void begin_anew() { anew_ = true; }

  [[nodiscard]] SamplingCost cost() const;
  // Somebody looks at this instant: behind end(), one whom the process does not let go.
  [[nodiscard]] bool looked_at() { return !std::unique_lock(turn_, std::chrono::nanoseconds(0)); }

 private:
  using MakeLooker = std::function<std::unique_ptr<Looker>(const Memory&)>;
  ProcessSampler(std::shared_ptr<const Memory> memory, bool whole, const MakeLooker& looker,
                 std::uint64_t seed, std::shared_ptr<SampleSink> sink);
  [[nodiscard]] std::uint64_t next_instant();
  [[nodiscard]] Status look(bool whatever_it_costs, CpuMeter& meter, std::uint64_t stacks_ns);
  void hand_on(const SampleTick& tick);
  void stop_looks();

  const std::shared_ptr<const Memory> owned_;
  const bool whole_;
  const std::shared_ptr<SampleSink> sink_;
  std::atomic<bool> running_ = false;
  std::atomic<bool> anew_ = false;
  std::atomic<double> share_ = 0, wanted_share_ = 0;

  std::atomic<std::uint64_t> look_took_ns_ = 0;  // the last one

  TimedMutex turn_;  // what follows
  std::stop_token permit_;
  StoppableMemory memory_;
  std::unique_ptr<Looker> looker_;
  Pace pace_{0};
  std::mt19937_64 random_;
  std::optional<Instants> instants_;
  std::uint64_t begin_ns_ = 0, ticks_ = 0;
  bool gone_ = false;

  mutable std::mutex figures_;  // what follows; never held while memory is read
  std::stop_source stop_;       // of the last permit; nothing is handed on behind its request
  SamplingCost cost_;
  std::uint64_t last_look_ns_ = 0, first_instant_ns_ = 0;
};

}  // namespace gorotrace
