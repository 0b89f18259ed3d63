// A Go process whose counters are read when somebody asks, and the figures of the last time. Shared with
// whoever reads its memory, which it may hold up for ever.
// Threads: any, but one reads at a time: who was told to by begin().
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "agent/go_families.h"
#include "metrics/reader.h"
#include "session/target.h"

namespace gorotrace {

// Reading one takes ms. It is then said of a target that it holds up its reader.
inline constexpr std::chrono::seconds kHeldUpAfter{5};

enum class ReadingKind : std::uint8_t {
  kCounters,  // a few words
  kMetrics,   // these, and all that runtime/metrics has
};

struct TargetFigures {
  std::optional<RuntimeCounters> counters;
  std::uint64_t exited = 0;       // of all that were created; never less than before
  std::uint64_t counters_ns = 0;  // CLOCK_MONOTONIC; 0: never read
  std::uint64_t metrics_ns = 0;   // likewise, of metrics
  std::uint64_t readings = 0, errors = 0;
  std::string error;         // of the last reading; "" when it went well
  std::uint64_t cpu_ns = 0;  // of our threads, for all readings
};

// Who waits for readings is woken when one is over.
struct ReadingsOver {
  std::mutex mutex;
  std::condition_variable over;
};

class WatchedTarget {
 public:
  WatchedTarget(std::shared_ptr<Target> target, std::string user, std::shared_ptr<ReadingsOver> over);

  // True: the caller has it read now. False: it is being read, or what is known is young enough: younger than
  // Agent::kFresh, or than that many ns for each ns of CPU time that the last reading of the kind took (the
  // target's share of the agent's budget).
  [[nodiscard]] bool begin(ReadingKind kind, double ns_per_cpu_ns);
  void read(ReadingKind kind);       // after begin()
  void leave_out(ReadingKind kind);  // likewise: other processes of its user hold up who reads them

  [[nodiscard]] bool is_young(ReadingKind kind, double ns_per_cpu_ns) const;
  // A reading of that kind was over since then, well or not.
  [[nodiscard]] bool was_read(ReadingKind kind, std::uint64_t since_ns) const;
  [[nodiscard]] TargetFigures figures() const;
  [[nodiscard]] std::shared_ptr<const GoFigures> go_figures() const;  // of the last reading of metrics
  // How long the reading that goes on has taken; nullopt: none does.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> reading_for() const;
  [[nodiscard]] const Target& target() const { return *target_; }
  [[nodiscard]] const std::string& user() const { return user_; }

 private:
  [[nodiscard]] bool young(ReadingKind kind, double ns_per_cpu_ns) const;  // with mutex_ held
  // Of the thread that reads.
  [[nodiscard]] Result<RuntimeCounters> read_counters();
  [[nodiscard]] GoFigures read_metrics();

  void over(ReadingKind kind);  // with mutex_ held
  void wake_waiters();

  const std::shared_ptr<Target> target_;
  const std::string user_;
  const std::shared_ptr<ReadingsOver> over_;
  // Of the thread that reads; each remembers where what it reads is.
  std::optional<CounterReader> reader_;
  std::optional<MetricsReader> metrics_reader_;

  mutable std::mutex mutex_;  // what follows
  TargetFigures figures_;
  std::shared_ptr<const GoFigures> go_ = std::make_shared<const GoFigures>();
  std::uint64_t begun_ns_ = 0;  // 0: nobody reads
  std::uint64_t counters_over_ns_ = 0, metrics_over_ns_ = 0;
  std::uint64_t counters_cost_ = 0, metrics_cost_ = 0;  // CPU ns of the last reading of each kind
};

}  // namespace gorotrace
