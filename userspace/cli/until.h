// What `record --until` waits for. Threads: control thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "base/result.h"
#include "probe/plan.h"
#include "stream/models_watch.h"

namespace gorotrace {

// "goroutines>10000", "blocked>5s:500" (500 goroutines for more than 5 s each), "blocked>5s" (one of them),
// "panic" (one, recovered or not, or a fatal error), "panic>100" (more than these).
struct UntilCondition {
  enum class What : std::uint8_t { kGoroutines, kBlocked, kPanics } what = What::kGoroutines;
  std::chrono::nanoseconds longer{0};  // kBlocked
  std::uint64_t count = 0;             // kGoroutines, kPanics: more than these; kBlocked: these or more
  std::string text;                    // as it was given
};

// kUsage, with what there is, for others; and of one that needs a group which is not among these.
[[nodiscard]] Result<std::vector<UntilCondition>> parse_until(const std::vector<std::string>& texts,
                                                              GroupMask groups);

// The first condition that one of the targets fulfils, with what it was: "goroutines>10000: 10017 in process
// 42"; "": none. `than`: what ModelsWatch was told. Pure.
[[nodiscard]] std::string fulfilled(const std::vector<UntilCondition>& conditions,
                                    const std::vector<std::uint64_t>& than,
                                    const std::vector<ModelsWatch::Seen>& targets);

// Ends the loop once a condition is fulfilled.
class Until {
 public:
  // The counters of the runtime are read as often as lines are asked for: a condition on them asks so often.
  static constexpr std::chrono::milliseconds kCountersEach{250};

  explicit Until(std::vector<UntilCondition> conditions);

  [[nodiscard]] ModelsWatch* watch() { return conditions_.empty() ? nullptr : &watch_; }
  [[nodiscard]] bool wants_counters() const;
  void begins(EventLoop& loop);
  [[nodiscard]] const std::string& fired() const { return fired_; }  // "": none was

 private:
  void look(EventLoop& loop);

  const std::vector<UntilCondition> conditions_;
  const std::vector<std::uint64_t> than_;
  ModelsWatch watch_;
  std::string fired_;
  static constexpr unsigned kBlindLooks = 10;  // of kPeriodNs
  unsigned blind_looks_ = 0;                   // in a row
  bool told_blind_ = false;
};

}  // namespace gorotrace
