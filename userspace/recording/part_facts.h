// What is known of a part of a recorded window: the session knew the whole, of a part there is what the
// stream tells. Pure.
#pragma once

#include <optional>

#include "evidence/facts.h"
#include "recording/part_of_window.h"

namespace gorotrace {

struct PartKnown {
  StatFacts facts;
  Tables tables;
};
// whole: what the session knew; end: of the window. nullopt: the window was over before the part begins.
[[nodiscard]] std::optional<PartKnown> known_of_part(const StatFacts& whole, const PartWanted& wanted,
                                                     const PartOfWindow& part, const Moment& end);

}  // namespace gorotrace
