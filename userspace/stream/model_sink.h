// The sink that keeps a model of each target and answers questions about all of them at once. An answer is
// immutable and shared. Threads: the models live on the sink's own; ask() on any.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <vector>

#include "base/result.h"
#include "stream/models.h"
#include "stream/sink_thread.h"
#include "stream/wait_queue.h"

namespace gorotrace {

enum class Ask : std::uint8_t {
  kTotals,     // Tables without rows
  kTables,     // all of them
  kOpenWaits,  // OpenWaits
  kCreations,  // SeenCreations
  kStanding,   // StandingWaits
};

struct Answer {
  std::shared_ptr<const Tables> tables;
  std::shared_ptr<const OpenWaits> open;
  std::shared_ptr<const SeenCreations> creations;
  std::shared_ptr<const StandingWaits> standing;
  // With any question: as they were told last.
  std::optional<RuntimeCounters> counters;
  std::optional<CostCharged> cost;
};
using Answers = std::map<TargetId, Answer>;

// An answer that is on its way. Threads: one owner; the models that were asked outlive it.
class PendingAnswers {
 public:
  // It is there, or will never come: get() does not wait. Nobody needs to wait for it, if they ask again and
  // again: what is known by then is answered once its time has passed.
  [[nodiscard]] bool ready();
  // Waits, for as long as ModelSink::ask() says, or until `stop` is requested. Once.
  [[nodiscard]] Result<Answers> get(const std::stop_token& stop = {});

 private:
  friend class ModelSink;
  using Clock = std::chrono::steady_clock;
  PendingAnswers(std::future<Answers> answers, std::function<void()> hurry, Clock::duration patience);

  std::future<Answers> answers_;
  std::function<void()> hurry_;  // empty: it was called
  Clock::time_point hurry_at_, give_up_at_;
};

class ModelSink : public ItemSink {
 public:
  // What may wait for the models: 0.7 s of the most that one CPU can send.
  static constexpr std::size_t kMaxQueuedBytes = 64u << 20;
  static constexpr std::chrono::milliseconds kPatience{2000};
  // Beyond the patience, for the answer as of what is there.
  static constexpr std::chrono::milliseconds kGrace{10000};

  // `waits` gets every wait that ends; may be nullptr; it outlives this object.
  explicit ModelSink(WaitQueue* waits = nullptr, std::size_t max_queued_bytes = kMaxQueuedBytes);
  ~ModelSink() override;

  void push(std::shared_ptr<const Batch> batch) override { thread_->push(std::move(batch)); }

  // Of these targets, of all when there are none: as of at_ns, once all from before it is in and nothing
  // behind it; of one whose window ended earlier as of then. When the stream has not come so far within
  // `patience`, as of where it is, at least of what was pushed before the question; Tables::at_ns tells. A
  // target that is not there has no answer. An error when the models' thread did not come to it at all.
  [[nodiscard]] Result<Answers> ask(std::uint64_t at_ns, Ask what, std::vector<TargetId> targets = {},
                                    std::chrono::milliseconds patience = kPatience) {
    return ask_later(at_ns, what, std::move(targets), patience).get();
  }
  // The same without waiting.
  [[nodiscard]] PendingAnswers ask_later(std::uint64_t at_ns, Ask what, std::vector<TargetId> targets = {},
                                         std::chrono::milliseconds patience = kPatience);
  // Records that were dropped because the models were behind by kMaxQueuedBytes.
  [[nodiscard]] std::uint64_t dropped() const { return thread_->dropped(); }
  [[nodiscard]] std::uint64_t dropped(TargetId target) const { return thread_->dropped(target); }
  [[nodiscard]] std::uint64_t dropped_samples(TargetId target) const {
    return thread_->dropped_samples(target);
  }

 private:
  struct Question;
  void take(const Batch& batch);
  void take(const Item& item);
  void read_questions();
  // Those whose time has come, and those that wait no longer when all is taken that came before them: the
  // poke of that number was.
  void answer_due(std::uint64_t at_ns, std::uint64_t poke = 0);
  static void answer(Question& question, TargetId target, const Models::Of& of, std::uint64_t at_ns);

  std::mutex mutex_;
  std::vector<std::shared_ptr<Question>> asked_;  // not yet seen by the thread
  std::atomic<bool> any_asked_ = false;
  WaitQueue* const waits_;
  // The thread's own.
  Models models_;
  std::vector<std::shared_ptr<Question>> open_;  // by the time they ask for
  std::unique_ptr<SinkThread> thread_;
};

}  // namespace gorotrace
