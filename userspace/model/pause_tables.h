// What is known of the times in which the world stood still, and of collections, as plain data: a part of
// Tables. Times are in ns of CLOCK_MONOTONIC.
//
// A pause is from the entry of runtime.stopTheWorldWithSema to that of startTheWorldWithSema
// (runtime/proc.go, Go 1.18-1.27): from the moment at which a goroutine begins to stop the others to that at
// which it begins to let them go. A collection is from the entry of gcResetMarkState, with which gcStart
// begins, to that of gcMarkTermination (runtime/mgc.go): the pause at its beginning is in it, and of the one
// at its end the part in which the world is being stopped.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/histogram.h"

namespace gorotrace {

// stwReason (runtime/proc.go, the same numbers since Go 1.21); GT_NO_REASON: up to Go 1.20 none is told.
inline constexpr std::uint8_t kStwMarkTermination = 1, kStwSweepTermination = 2;
// As stwReasonStrings says it, and so runtime/trace.
[[nodiscard]] std::string stw_reason_name(std::uint8_t reason);

struct PauseSpan {
  std::uint64_t from_ns = 0, to_ns = 0;
  std::uint8_t reason = 0;
  bool operator==(const PauseSpan&) const = default;
};

struct PauseRow {
  std::uint8_t reason = 0;
  Histogram times;                 // both ends seen
  std::uint64_t in_window_ns = 0;  // all that was seen, one that goes on included
  bool operator==(const PauseRow&) const = default;
};

struct PauseTables {
  std::vector<PauseRow> rows;    // by reason
  Histogram collections;         // their times, both ends seen
  std::uint64_t marking_ns = 0;  // all that was seen, one that goes on included
  // Of which one end was not seen: the window began in them, or something was lost. In no figure but
  // in_window_ns and marking_ns, as far as they were seen.
  std::uint64_t tainted = 0, collections_tainted = 0;
  std::optional<std::uint64_t> stopped_since_ns, marking_since_ns;  // what goes on
  // The last of them, ascending; of Model::tables alone.
  std::vector<PauseSpan> spans;
  std::vector<PauseSpan> marking;  // likewise, of collections; reason means nothing

  [[nodiscard]] std::uint64_t count() const {
    std::uint64_t sum = 0;
    for (const PauseRow& row : rows) sum += row.times.count();
    return sum;
  }
  [[nodiscard]] std::uint64_t stopped_ns() const {
    std::uint64_t sum = 0;
    for (const PauseRow& row : rows) sum += row.in_window_ns;
    return sum;
  }
  bool operator==(const PauseTables&) const = default;
};

// `before` was asked first: model/delta.h.
[[nodiscard]] PauseTables between(const PauseTables& before, PauseTables now, std::uint64_t before_ns);

// What goes on at a checkpoint: model/open_state.h.
struct OpenPauses {
  struct Pause {
    std::uint64_t since_ns;
    std::uint8_t reason;
    bool operator==(const Pause&) const = default;
  };
  struct Collection {
    std::uint64_t since_ns;
    bool paused;  // its first pause has begun
    bool operator==(const Collection&) const = default;
  };
  std::optional<Pause> pause;
  std::optional<Collection> collection;
  // Pauses that are over, ascending: the last one, and those in which somebody waited for a CPU who does
  // still.
  std::vector<PauseSpan> spans;
  bool operator==(const OpenPauses&) const = default;
};

}  // namespace gorotrace
