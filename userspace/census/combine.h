// One report out of two engines: the census's estimates laid over a model's tables for the stretches in which
// the model had no block events. What a figure was told by is on each row. Pure.
#pragma once

#include <vector>

#include "census/census_tables.h"
#include "model/model.h"

namespace gorotrace {

// The model's tables as they stood at both ends of one stretch of the census.
struct Replaced {
  Tables from, to;
};

// Times by state and in_window of `model` without what it booked in the stretches, plus the census. Counts,
// histograms, blocked_now stay the model's; `oldest` is whichever knows more.
[[nodiscard]] Tables combine(Tables model, const std::vector<Replaced>& stretches,
                             const CensusTables& census);

}  // namespace gorotrace
