// What sampling remembers between looks; shared by what follows the looks (sampling.cpp) and what makes
// figures of them (sampling_figures.cpp).
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "sampling/classes.h"
#include "sampling/sampling.h"
#include "sampling/slots.h"

namespace gorotrace {

struct Sampling::Impl {
  struct Row {
    BlockingKey key;
    Histogram long_waits;
  };
  // What is known of a standing from before the stretch.
  struct Carried {
    std::uint64_t since_ns = 0, looks = 0;
    std::uint64_t first_look = 0;  // that of the Watch which has the standing; of another one it says nothing
  };
  [[nodiscard]] bool carried_at(std::size_t slot) const {
    return slot < carried.size() && carried[slot].since_ns != 0 &&
           carried[slot].first_look == watched[slot].first_look;
  }

  [[nodiscard]] bool consistent(const SampleTick& tick) const;
  void list(const SampleTick& tick);
  void follow(const SampleTick& tick, double gap_ns);
  void follow(const SampleChange& now, double gap_ns);
  void count_chosen(const SampleTick& tick);
  void end_wait(const Watch& watch, const Standing* next);
  void enter(const Watch& watch);
  void leave(const Watch& watch);
  // Looks after the first that saw this standing.
  [[nodiscard]] std::uint64_t gaps_of(const Watch& w) const {
    return w.standing.provable ? look - w.first_look : 0;
  }
  // What proves that standing, and since when.
  [[nodiscard]] std::uint64_t looks_at(std::size_t slot) const {
    return gaps_of(watched[slot]) + 1 + (carried_at(slot) ? carried[slot].looks : 0);
  }
  [[nodiscard]] std::uint64_t since_of(std::size_t slot) const {
    const std::uint64_t first = watched[slot].first_ns;
    const bool known = carried_at(slot) && looks_at(slot) >= kSeenStill;
    return known ? std::min(carried[slot].since_ns, first) : first;
  }
  [[nodiscard]] CarriedStay stay_of(std::size_t slot) const;
  [[nodiscard]] SampledTime time_of(const Series& series) const;

  std::vector<Row> rows;
  std::vector<SampleSite> sites;
  Classes by_row, by_site, by_state;
  std::vector<Watch> watched;          // by slot, while every goroutine is looked at
  std::vector<Carried> carried;        // by slot, or fewer
  std::vector<std::uint32_t> changed;  // slots, at the last look

  // The look that is taken in, and those before it in this segment.
  std::uint64_t look = 0;         // number of it
  std::uint64_t tick_number = 0;  // of the last tick that counted; 0: it has to begin a stretch
  std::uint64_t at_ns = 0, last_ns = 0, before_ns = 0;  // 0: no such look in this segment
  std::uint64_t seen_ns = 0;                            // the look's end
  std::uint64_t segment_from_ns = 0;
  bool last_all = false;  // the looks before this one looked at all
  std::optional<std::int64_t> last_live;
  Gaps gaps;

  double looked_ns = 0, live_ns = 0;
  bool live_known = true;
  std::vector<Interval> covered;
  std::uint64_t looks = 0, looks_at_all = 0, goroutines_seen = 0, without_stack = 0, overflow = 0;
};

}  // namespace gorotrace
