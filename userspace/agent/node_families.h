// What the agent says of itself and of its targets, as metrics: gorotrace_*. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "agent/agent_target.h"
#include "agent/discovery.h"
#include "agent/metric_family.h"
#include "agent/target_table.h"

namespace gorotrace {

// Cumulative since the agent started.
struct NodeFigures {
  DiscoveryCounts discovery;
  ReadingTotals readings;
  std::uint64_t ended = 0;           // targets that were known, and went
  std::uint64_t unreadable = 0;      // processes whose executable may not be read, each time it was tried
  std::uint64_t left_out = 0;        // looks that were put off, for others of the user are held up
  std::uint64_t files_examined = 0;  // executables and libraries, opened to see whether they are Go
  std::uint64_t late = 0;            // readings that a scrape could not wait for
};

void add_node_families(std::vector<MetricFamily>& families, const NodeFigures& node,
                       const std::vector<AgentTarget>& targets);

// Of each that was ever read; with_id: with the label `target`, its id, for several in one place.
// now_ns: CLOCK_MONOTONIC.
void add_target_families(std::vector<MetricFamily>& families, const std::vector<AgentTarget>& targets,
                         std::uint64_t now_ns, bool with_id);

}  // namespace gorotrace
