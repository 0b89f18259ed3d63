// How goroutines came to be, as JSON. Pure.
#pragma once

#include <functional>
#include <vector>

#include "base/json_writer.h"
#include "evidence/creation_chain.h"
#include "report/json_parts.h"

namespace gorotrace {

using FramesWriter = std::function<void(JsonWriter&, const std::vector<Frame>&)>;

// An array of go statements, nearest first; `stack` writes the value of one's stack, `site` that of its
// place.
void chain_json(JsonWriter& out, const std::vector<ChainLink>& chain, const FramesWriter& stack,
                const FramesWriter& site = frames_json);

}  // namespace gorotrace
