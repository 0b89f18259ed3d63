// What sampling has seen of one target, over all its turns, as metrics want it: counters that never go down,
// and what held at the last look. Pure. Threads: one owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "evidence/facts.h"
#include "model/model.h"
#include "symbols/stack_table.h"

namespace gorotrace {

// A wait reason and the function of the program that waits ("main.worker"); of what has no row of its own
// kOther, twice.
using WaitSite = std::pair<std::string, std::string>;
inline constexpr const char* kOtherSite = "other";

struct SampledFigures {
  std::uint64_t at_ns = 0;                      // of the last look; 0: none
  std::uint64_t covered_ns = 0;                 // it was seen for so long who waits
  std::map<WaitSite, std::uint64_t> waited_ns;  // goroutine-nanoseconds within that time: estimates
  // At the last look.
  std::map<std::pair<std::string, std::string>, std::uint64_t> in_state;  // by state and wait reason
  std::map<std::string, std::uint64_t> oldest_ns;                         // by wait reason: a lower bound
  std::map<std::string, std::uint64_t> live_by_site;                      // by the function that made them
};

class SampledAccount {
 public:
  // Sites that are told apart: the others are summed. Of one target.
  static constexpr std::size_t kMostSites = 512;

  // The tables of a turn, cumulative since it began; again and again while it lasts.
  void take(const StatFacts& facts, const Tables& tables, Symbolizer& symbols);
  void end_turn();

  // Goroutines that waited, or were in a system call, at the last look.
  [[nodiscard]] std::uint64_t blocked() const;
  // CPU time of the agent for its turns.
  [[nodiscard]] std::uint64_t cpu_ns() const { return cpu_before_ns_ + cpu_ns_; }
  [[nodiscard]] std::uint64_t at_ns() const { return last_.at_ns; }

  // With at most so many sites, those in which most was waited when there was room for one. A site that has
  // been given out stays. One that comes to it later counts from there on: what it had stays with the others.
  [[nodiscard]] SampledFigures figures(std::size_t top_sites);

 private:
  struct Site {
    std::uint64_t before_ns = 0, turn_ns = 0;  // turns that are over; the one that goes on
    std::optional<std::uint64_t> given_at_ns;  // its sum when it was given out first
    [[nodiscard]] std::uint64_t sum() const { return before_ns + turn_ns; }
  };
  [[nodiscard]] Site* site(const WaitSite& name);  // nullptr: there are too many

  std::map<WaitSite, Site> sites_;
  Site rest_;          // beyond kMostSites
  bool gave_ = false;  // figures
  std::uint64_t covered_before_ns_ = 0, cpu_before_ns_ = 0;
  std::uint64_t covered_ns_ = 0, cpu_ns_ = 0;  // of the turn
  SampledFigures last_;                        // what held at the last look
};

}  // namespace gorotrace
