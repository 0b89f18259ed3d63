// What sampling found, before it is laid over a model's tables (combine.h).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "model/blocking_rows.h"
#include "model/histogram.h"
#include "model/model.h"

namespace gorotrace {

struct SampledWaits {  // wait reason x stack
  BlockingKey key;
  SampledTime time;
  // Waits that both began and ended between looks and lasted longer than two of them, each known to one look.
  Histogram long_waits;
  // The first look that saw the oldest of those that go on at the last one, when every goroutine is looked
  // at.
  std::optional<std::uint64_t> open_since_ns;
};

struct SampledSite {  // creation site
  std::uint64_t gopc = 0, startpc = 0;
  bool system = false;
  SampledTime time;
};

struct SampledTables {
  std::array<SampledTime, kGStates> states;  // system goroutines out
  // Integral of runtime.NumGoroutine over the looks, from the runtime's counters; nullopt when they cannot be
  // read: the cross-check of `states`.
  std::optional<std::uint64_t> live_integral_ns;
  std::vector<SampledWaits> waits;
  std::vector<SampledSite> sites;
  std::vector<Interval> covered;  // first to last look of each stretch
  std::uint64_t looks = 0, looks_at_all = 0;
  std::uint64_t goroutines_seen = 0;  // slots of allgs looked at, over all looks
  std::uint64_t without_stack = 0;    // waiting goroutines whose stack could not be pinned in that look
  std::uint64_t overflow = 0;         // sightings whose row would have passed the bound of a table
};

}  // namespace gorotrace
