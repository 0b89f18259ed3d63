// The list of targets as programs read it: /targets, of the schema userspace/report/targets.schema.json.
// Pure.
#pragma once

#include <cstdint>
#include <span>

#include "agent/agent_target.h"
#include "base/json_writer.h"

namespace gorotrace {

struct TargetList {
  std::uint64_t time_ns = 0;  // CLOCK_MONOTONIC
  std::uint64_t unix_ns = 0;  // the same instant by the calendar
  bool ready = false;         // every process has been looked at once
  std::span<const std::string> notices;
  std::span<const AgentTarget> targets;
};
void targets_json(JsonWriter& out, const TargetList& list);

}  // namespace gorotrace
