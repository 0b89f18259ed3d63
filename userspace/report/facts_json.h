// What a session says of itself, as JSON objects that several commands write. Pure.
#pragma once

#include "report/facts.h"
#include "report/json.h"

namespace gorotrace {

[[nodiscard]] Json groups_json(GroupMask groups);
[[nodiscard]] Json events_json(const EventFacts& events);
[[nodiscard]] Json cost_json(const StatFacts& facts);
[[nodiscard]] Json census_json(const StatFacts& facts);  // null when none ran

}  // namespace gorotrace
