// A checkpoint for whoever has a model already, and lost what came before it. Pure.
#pragma once

#include "model/open_state.h"
#include "snapshot/goroutines.h"

namespace gorotrace {

// What is open, as a look at memory at that moment would have shown it.
[[nodiscard]] Snapshot shown_by(const OpenState& state);

}  // namespace gorotrace
