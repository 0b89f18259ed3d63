// How goroutines came to be, as JSON. Pure.
#pragma once

#include <functional>
#include <vector>

#include "base/json_writer.h"
#include "evidence/creation_chain.h"

namespace gorotrace {

// An array of go statements, nearest first; `stack` writes the value of one's stack.
void chain_json(JsonWriter& out, const std::vector<ChainLink>& chain,
                const std::function<void(const std::vector<Frame>&)>& stack);

}  // namespace gorotrace
