// What one look at a process's goroutines adds to what the looks before it said, as plain data: what the
// sampling's estimates are made of (sampling.h), out of memory, a stream or a file.
//
// A tick that is lost ends the stretch: those behind it mean nothing until one begins anew. Classes are told
// apart from ticks, because they must not be lost.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "model/blocking_rows.h"
#include "sampling/slots.h"

namespace gorotrace {

struct SampleSite {  // creation site
  std::uint64_t gopc = 0, startpc = 0;
  bool system = false;
  bool operator==(const SampleSite&) const = default;
};

// Classes not seen before. Each kind is numbered on from 0, over all of a sampler's life.
struct SampleClasses {
  std::vector<BlockingKey> rows;
  std::vector<SampleSite> sites;
  std::vector<LabelValue> labels = {};  // values that rows name, told once
  [[nodiscard]] bool empty() const { return rows.empty() && sites.empty(); }
};

// A slot of allgs that shows something else than at the tick before.
struct SampleChange {
  std::uint32_t slot = 0;
  bool alive = false;  // else it holds no goroutine any more, and what follows is empty
  Standing standing;
  Place place;
};

struct ClassCount {
  std::uint32_t number = 0;      // of the class
  std::uint32_t goroutines = 0;  // that those seen in it stand for
  std::uint64_t variance_4 = 0;  // 4 times the count's variance from the choice of goroutines
};
enum ClassKind : std::size_t { kRowClass, kSiteClass, kStateClass, kClassKinds };

// What a tick is about. Each is numbered by itself, and ends by itself.
enum class SampledWhat : std::uint8_t {
  kGoroutines,  // where each of them stands
  kRuns,        // how many run and how many wait for a CPU: counts of two states, no names
};

struct SampleTick {
  SampledWhat what = SampledWhat::kGoroutines;
  std::uint64_t number = 0;          // one more than that of the tick before
  std::uint64_t at_ns = 0;           // CLOCK_MONOTONIC: before the first slot was looked at
  std::uint64_t seen_ns = 0;         // and behind the last: what is new here was so by then, not before
  bool begins = false;               // a stretch of looks: the one before ended with its last tick
  bool all = false;                  // every slot was looked at; else some were chosen
  bool everyone = false;             // with all: `changed` has every goroutine, whatever was known
  std::uint32_t slots = 0;           // looked at
  std::uint32_t without_stack = 0;   // waiting goroutines whose stack is not known
  std::uint32_t overflow = 0;        // sightings whose class would have passed the bound of a table
  std::optional<std::int64_t> live;  // runtime.NumGoroutine by the runtime's counters, when they can be had

  std::vector<SampleChange> changed;                        // with all: by slot
  std::array<std::vector<ClassCount>, kClassKinds> counts;  // without: by number
};

}  // namespace gorotrace
