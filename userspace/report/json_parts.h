// What the JSON outputs have in common. Pure.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/json_writer.h"
#include "evidence/facts.h"
#include "golang/pclntab.h"
#include "model/model.h"

namespace gorotrace {

void target_fields(JsonWriter& out, const TargetFacts& target);
void place_fields(JsonWriter& out, const Frame& frame);  // function, file, line
void frame_json(JsonWriter& out, const Frame& frame);    // these, and whether it was inlined
void frames_json(JsonWriter& out, const std::vector<Frame>& frames);
// [from, to] of each, in ns since `begin_ns`.
void intervals_field(JsonWriter& out, std::string_view name, const std::vector<Interval>& intervals,
                     std::uint64_t begin_ns);

}  // namespace gorotrace
