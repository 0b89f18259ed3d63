// Which targets are sampled when: all of them in turns, a few at a time, so that each gets the same; and
// those that somebody asks for as long as they are asked for. Pure. Threads: one owner.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/timers.h"

namespace gorotrace {

class SamplingTurns {
 public:
  struct Limits {
    std::size_t in_turn = 8, wanted = 16;  // at once
    std::chrono::nanoseconds turn = std::chrono::seconds(10);
    std::chrono::nanoseconds wanted_for = std::chrono::seconds(60);  // behind the last time it was asked for
  };
  struct Change {
    std::vector<std::string> end, begin;
  };
  SamplingTurns() = default;
  explicit SamplingTurns(const Limits& limits) : limits_(limits) {}

  // Somebody asks for it. False: too many others are asked for; it gets its turns alone.
  [[nodiscard]] bool want(const std::string& id, MonotonicTime now);
  // What is to end, and then to begin; it counts as done. `present`: all that can be sampled. may_begin: the
  // agent's share has room for another turn, of which one call begins one; who is asked for begins anyway.
  [[nodiscard]] Change plan(const std::vector<std::string>& present, MonotonicTime now, bool may_begin);
  // Its turn was over before its time: it could not be sampled. The others come first.
  void over(const std::string& id);

  [[nodiscard]] bool sampled(const std::string& id) const;
  [[nodiscard]] std::size_t sampled() const;

 private:
  struct Entry {
    std::optional<MonotonicTime> since;         // it is sampled
    std::optional<MonotonicTime> wanted_until;  // it is asked for
    std::uint64_t served = 0;                   // when its last turn was over, in turns; 0: never
  };
  [[nodiscard]] std::size_t wanted() const;
  [[nodiscard]] std::size_t in_turn() const;
  void end(Entry& entry);

  Limits limits_;
  std::map<std::string, Entry> entries_;
  std::uint64_t turns_ = 0;
};

}  // namespace gorotrace
