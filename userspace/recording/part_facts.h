// What is known of a part of a recorded window, or of a window of which the session told nothing: there is
// what the stream tells. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "evidence/facts.h"
#include "recording/part_of_window.h"

namespace gorotrace {

// In place of what the session would have told; facts: what a target's begin says. Groups, when they were
// on, and events; window_ns: the target's first item, if it has a time; told_to_ns: to the end nothing is
// told from then on.
[[nodiscard]] StatFacts facts_of_stream(StatFacts facts, const Tables& tables, const Came& came,
                                        std::optional<std::uint64_t> window_ns, std::uint64_t end_ns,
                                        std::uint64_t told_to_ns);

// In place of what the session told before the file's end: those that the file has and says to be lost, of
// the lost the reasons that were told.
[[nodiscard]] EventFacts events_in_file(EventFacts told, const Came& came);

// Of a damaged file: those that the session had written and that it does not hold are lost. Returns how many.
std::uint64_t count_damaged(EventFacts& told, std::uint64_t records);

struct PartKnown {
  StatFacts facts;
  Tables tables;
  bool cost_is_told = false;  // as of when the session told it; else it is a share of the whole's
};
// whole: what the session knew; end: of the window. nullopt: the window was over before the part begins.
[[nodiscard]] std::optional<PartKnown> known_of_part(const StatFacts& whole, const PartWanted& wanted,
                                                     const PartOfWindow& part, const Moment& end);

}  // namespace gorotrace
