// Does the code of this very binary keep the runtime's counters where the offsets say? The check that
// golang/metrics_layout.h makes of its words, for those of snapshot/counters.h. A runtime built with another
// GOEXPERIMENT (staticlockranking puts ranks into every lock) has the same g and m, and another sched.
#pragma once

#include <string>

#include "golang/binary.h"

namespace gorotrace {

// The first counter that none of the functions known to use it uses there; "" when all are.
[[nodiscard]] std::string counters_contradiction(const ElfImage& image, const Pclntab& pclntab,
                                                 const RuntimeOffsets& offsets,
                                                 const RuntimeGlobals& globals);

}  // namespace gorotrace
