// What the probes of the agent's targets take, as metrics: gorotrace_*. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "agent/metric_family.h"
#include "agent/probe_account.h"

namespace gorotrace {

// with_id: with the label `target`, the id, for several in one place.
void add_probe_families(std::vector<MetricFamily>& families,
                        const std::map<std::string, ProbeFigures>& targets, bool with_id);

}  // namespace gorotrace
