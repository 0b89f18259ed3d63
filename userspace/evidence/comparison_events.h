// Parts of a comparison: what is rare, panics and the times in which the world stood still. Pure but for the
// look-ups.
#pragma once

#include <vector>

#include "evidence/comparison.h"

namespace gorotrace {

[[nodiscard]] double seconds_of(const ComparedWindow& window);
// Most changed first.
[[nodiscard]] std::vector<ComparedPanics> compare_panics(const ComparedWindow& before,
                                                         const ComparedWindow& after);
[[nodiscard]] std::vector<ComparedPauses> compare_pauses(const ComparedWindow& before,
                                                         const ComparedWindow& after);

}  // namespace gorotrace
