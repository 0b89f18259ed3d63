// What sampling has seen of the agent's targets, as metrics: gorotrace_*, each with the label `quality`, for
// none of them is counted. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "agent/metric_family.h"
#include "agent/sampled_account.h"

namespace gorotrace {

// with_id: with the label `target`, the id, for several in one place. now_ns: CLOCK_MONOTONIC.
void add_sampled_families(std::vector<MetricFamily>& families,
                          const std::map<std::string, SampledFigures>& targets, std::uint64_t now_ns,
                          bool with_id);

}  // namespace gorotrace
