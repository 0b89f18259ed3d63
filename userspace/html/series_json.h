// A target's figures over time, as columns: what an interval line of `stat` says, for each interval between
// two samples. Pure.
#pragma once

#include <vector>

#include "base/json_writer.h"
#include "evidence/facts.h"

namespace gorotrace {

// Fields of the object that is open. Times in ns since begin_ns; a figure nobody saw is null.
void series_fields(JsonWriter& out, const std::vector<Sample>& series, std::uint64_t begin_ns);

}  // namespace gorotrace
