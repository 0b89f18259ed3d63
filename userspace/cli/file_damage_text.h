// What of a capture file could not be read, for a person; "" when all of it was. Pure.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "base/byte_size.h"
#include "base/clock.h"
#include "base/plural.h"
#include "base/text.h"
#include "recording/replay.h"

namespace gorotrace {

// window_ns: of what the file holds, where that is known.
[[nodiscard]] inline std::string file_damage_text(const FileDamage& damage,
                                                  std::optional<std::uint64_t> window_ns = {}) {
  std::string text;
  if (damage.cut) {
    text = fmt::format("the file was cut off behind byte {}", damage.whole_to);
    if (window_ns) text += fmt::format(", {} into the recording", format_duration(*window_ns));
    text += ": its writer was killed or is still at it, or a part of it is missing";
    if (damage.cut_bytes != 0)
      text += fmt::format("; the {} behind it are of no whole chunk and were not read",
                          plural(damage.cut_bytes, "byte"));
  }
  if (damage.within() != 0) {
    text += fmt::format("{}{} could not be read", text.empty() ? "" : "; ", plural(damage.within(), "chunk"));
    text += damage.bytes_within() == 0 ? ", none of their bytes is in the file"
                                       : fmt::format(" ({})", format_bytes(damage.bytes_within()));
  }
  if (text.empty() && damage.bytes != 0)
    text = fmt::format("{} behind its end were not read", plural(damage.bytes, "byte"));
  if (damage.another) text += "; another capture file begins there: give each by itself";
  return text;
}

// How much of the recording the file holds: the longest window of a target. nullopt: a part of it was read,
// or none.
[[nodiscard]] inline std::optional<std::uint64_t> recorded_ns(const Recording& recording,
                                                              const PartWanted& wanted) {
  if (wanted.any() || recording.targets.empty()) return std::nullopt;
  std::uint64_t longest = 0;
  for (const auto& target : recording.targets)
    longest = std::max(longest, since(target->facts.end_ns, target->facts.begin_ns) +
                                    (target->lack.beginning ? target->lack.beginning->ns.value_or(0) : 0));
  return longest;
}

}  // namespace gorotrace
