// What the census remembers between looks; shared by what follows the looks (census.cpp) and what makes
// figures of them (census_figures.cpp).
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "census/census.h"
#include "census/classes.h"
#include "census/slots.h"
#include "model/creation_rows.h"
#include "model/memory_state.h"

namespace gorotrace {

struct Census::Impl {
  explicit Impl(CensusConfig c) : config(std::move(c)), sites(config.is_system) {
    for (std::size_t i = 0; i < std::min<std::size_t>(config.wait_reasons.size(), 255); ++i) {
      if (config.wait_reasons[i] == "preempted") reason_preempted = static_cast<std::uint8_t>(i);
      if (config.wait_reasons[i] == "coroutine") reason_coroutine = static_cast<std::uint8_t>(i);
    }
  }

  // One goroutine as this look saw it.
  struct Seen {
    Choice choice;
    Place place;
    GState state = GState::kUnknown;
    bool dead = true;
    Standing standing;
  };

  // A status that cannot be left and taken up again without g.trackingSeq telling.
  [[nodiscard]] bool provable(const GWords& w) const {
    switch (w.state()) {
      case GStatus::kWaiting:
      case GStatus::kLeaked:
        return reason_coroutine == 0xff || w.wait_reason != reason_coroutine;
      case GStatus::kPreempted:
      case GStatus::kRunnable:
        return true;
      case GStatus::kSyscall:
        return config.syscalls_counted;
      default:
        return false;
    }
  }

  void follow(const Seen& seen, double gap_ns);
  void end_wait(const Watch& watch, const Standing* next);
  [[nodiscard]] SampledTime time_of(const Series& series) const;

  CensusConfig config;
  std::uint8_t reason_preempted = 0xff, reason_coroutine = 0xff;

  BlockingRows rows;   // keys, and long waits as their `waits`
  CreationRows sites;  // keys only
  Classes by_row, by_site, by_state;
  std::vector<KnownStack> known;  // by slot
  std::vector<Watch> watched;     // by slot, while every goroutine is looked at

  // The look that is going on, and those before it in this segment.
  std::vector<Seen> seen;
  bool all = false;
  std::uint64_t at_ns = 0, last_ns = 0, before_ns = 0;  // 0: no such look in this segment
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
