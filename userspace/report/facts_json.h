// What a session says of itself, as parts of the JSON that several commands write. Pure.
#pragma once

#include <string_view>

#include "base/json_writer.h"
#include "evidence/facts.h"

namespace gorotrace {

void groups_field(JsonWriter& out, std::string_view name, GroupMask groups);
void events_fields(JsonWriter& out, const EventFacts& events);
// window_ns: of what the cost is.
void cost_field(JsonWriter& out, const StatFacts& facts, std::uint64_t window_ns);
void sampling_fields(JsonWriter& out, const SamplingFacts& sampling);
void run_sampling_fields(JsonWriter& out, const SamplingFacts& sampling);
void notices_field(JsonWriter& out, const StatFacts& facts);

}  // namespace gorotrace
