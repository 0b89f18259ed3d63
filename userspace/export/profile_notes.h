// What profiles of a recording have in common: when it was, what it lacks, and labels. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "evidence/trust.h"
#include "export/pprof_builder.h"
#include "recording/replay.h"

namespace gorotrace {

struct ProfileTime {
  std::int64_t unix_ns = 0;  // begin of the window; 0: the file does not say
  std::int64_t duration_ns = 0;
};
[[nodiscard]] ProfileTime time_of(const RecordedTarget& target, const std::optional<ClockPair>& clocks);

// As comments: how far the table may be trusted that the samples are of, and the notices of the summary.
void add_notes(PprofBuilder& profile, const RecordedTarget& target, TableKind table);

// The goroutine label that the recording was made by; nothing where the value is not known.
[[nodiscard]] PprofLabels labels_of(const RecordedTarget& target, LabelId label);

}  // namespace gorotrace
