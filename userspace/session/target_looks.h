// When one target's memory is looked at for its model, and what came of it: all goroutines, and the runtime's
// counters. Whole processes are read by workers; control asks for a look and learns at a later tick that it
// was taken. One look at a target goes on at a time. Threads: control thread.
#pragma once

#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "evidence/facts.h"
#include "session/counters_look.h"
#include "session/look_workers.h"
#include "session/memory_look.h"
#include "session/notices.h"
#include "session/target.h"
#include "session/target_sampling.h"
#include "stream/item.h"

namespace gorotrace {

// What a look and a reading would have told, for the stream.
struct EmptyRuntime {
  Snapshot goroutines;
  CountersRead counters;
};

class TargetLooks {
 public:
  // All that is referred to outlives this object. While sampling runs no look is due: it looks all the
  // time.
  TargetLooks(std::shared_ptr<Target> target, std::shared_ptr<MemoryLook> look,
              std::shared_ptr<CountersLook> counters, SessionWorkers& workers, const TargetSampling& sampling,
              Notices& notices, std::uint64_t interval_ns);
  ~TargetLooks() { give_up(); }

  // Before the first tick, of a target whose process is held at its exec since before at_ns: its runtime has
  // made nothing, and nobody need read that. That is the first look, and the first reading of the counters.
  // What follows awaits the first goroutine, and the proof that it brings.
  [[nodiscard]] EmptyRuntime begin_empty(std::uint64_t at_ns);
  // What the goroutines contradict, look after look: nothing that was read of this process can be trusted.
  [[nodiscard]] const std::optional<Error>& contradiction() const { return contradiction_; }

  // Takes in what has come, and starts the look that is due: the first one is at once.
  void tick(std::uint64_t now_ns);
  // Groups came on: waits from before have no event.
  void at(std::uint64_t at_ns);
  // A look at all goroutines now would not be too soon behind the last one.
  [[nodiscard]] bool rested(std::uint64_t now_ns) const {
    return !running_ && now_ns >= looked_at_ns_ + took_ns_ * kLookRest;
  }
  // What memory tells is wanted as of now: a look, with the counters beside it. True: it was taken within
  // the last 0.1 s, or the next one would come too soon behind it; false: it is on its way.
  [[nodiscard]] bool refresh(std::uint64_t now_ns);
  // Something was lost when `dropped` grows: memory tells soon what it hid.
  void mind_loss(std::uint64_t dropped, std::uint64_t now_ns);

  // The window's end: a last look, where one does not take long, perhaps with a reading of the counters; what
  // goes on is waited for, then told to stop, then left behind. Step by step, so that those of all targets
  // are taken, and stopped, beside each other.
  enum class AtTheEnd : std::uint8_t { kNothing, kLook, kLookAndReading };
  void begin_end(AtTheEnd wanted);
  [[nodiscard]] bool ended(std::uint64_t until_ns);  // waits until then, no longer
  void stop();
  void leave(std::uint64_t deadline_ns);
  // Nobody needs a look any more, and nobody waits for the one that goes on.
  void give_up();

  // A few words: a worker that runs has them within it.
  static constexpr std::uint64_t kCountersPatienceNs = 100'000'000;
  // The runtime's counters are wanted now; whether those that were asked for last have come by then.
  void ask_counters();
  bool await_counters(std::uint64_t until_ns);
  // The first that came, however late, and the last.
  [[nodiscard]] const std::optional<RuntimeReading>& first_counters() const { return first_counters_; }
  [[nodiscard]] const std::optional<RuntimeReading>& counters() const { return counters_; }

  // Of the first look at all goroutines; nothing until it was taken.
  struct Start {
    std::uint64_t live, of_c_threads;
  };
  [[nodiscard]] const std::optional<Start>& start() const { return start_; }
  [[nodiscard]] bool looking() const { return running_.has_value(); }
  // The counters behind it, and behind the last look.
  [[nodiscard]] const std::optional<CountersReading>& first_reading() const { return first_; }
  [[nodiscard]] const std::optional<CountersReading>& last_reading() const { return last_; }

 private:
  // A look at all goroutines may take 1/20 of one CPU of the tracer: the next one waits 20 times as long as
  // the last took. One that is asked for, because something was lost, waits as long as it took.
  static constexpr std::uint64_t kLookRest = 20;

  // A runtime that is just starting may look wrong at one glance, and not for so long.
  static constexpr int kContradictions = 5;

  enum class Purpose { kOnTheWay, kLast };
  struct Running {
    std::future<LookResult> result;
    std::stop_source stop;
    LookOrder order;
    Purpose purpose;
  };
  void start(LookOrder order, Purpose purpose);
  void start_last();
  [[nodiscard]] bool await(std::uint64_t until_ns);  // false: it goes on
  void take_in(const LookResult& result, const LookOrder& order, Purpose purpose);
  void take_in_no_proof(const LookResult& result, std::uint64_t now_ns);
  void take_in_start(const LookResult& result);

  std::shared_ptr<Target> target_;
  std::shared_ptr<MemoryLook> look_;
  std::shared_ptr<CountersLook> counters_look_;
  SessionWorkers& workers_;
  const TargetSampling& sampling_;
  Notices& notices_;
  const std::uint64_t interval_ns_;
  const std::string user_;  // who may hold up our workers

  std::optional<Running> running_;
  std::optional<std::future<std::optional<RuntimeReading>>> counting_;
  bool objects_due_ = true;
  // By its own pace; because something is to be seen; the counters alone, for the first reading.
  std::uint64_t due_ns_ = 0, asked_ns_, reading_ns_;
  std::uint64_t dropped_seen_ = 0;
  // Of the last look that was taken.
  std::uint64_t looked_at_ns_ = 0, took_ns_ = 0;
  SnapshotCounts counts_;

  std::optional<RuntimeReading> first_counters_, counters_;
  bool first_counters_by_definition_ = false;
  int contradictions_ = 0;
  std::optional<Error> contradiction_;
  std::optional<Start> start_;
  std::optional<CountersReading> first_, last_;
  bool looked_whole_ = false, ending_ = false, last_left_out_ = false;
  AtTheEnd wanted_ = AtTheEnd::kNothing;
};

}  // namespace gorotrace
