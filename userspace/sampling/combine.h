// One report out of two engines: sampling's estimates laid over a model's tables for the stretches in which
// the model had no block events. What a figure was told by is on each row. Pure.
#pragma once

#include <vector>

#include "model/model.h"
#include "sampling/sampled_tables.h"

namespace gorotrace {

// The model's tables as they stood at both ends of one stretch of sampling.
struct Replaced {
  Tables from, to;
};

// Times by state and in_window of `model` without what it booked in the stretches, plus sampling. Counts,
// histograms, blocked_now stay the model's; `oldest` is whichever knows more.
[[nodiscard]] Tables combine(Tables model, const std::vector<Replaced>& stretches,
                             const SampledTables& sampling);

}  // namespace gorotrace
