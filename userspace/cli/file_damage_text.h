// What of a capture file could not be read, for a person; "" when all of it was. Pure.
#pragma once

#include <fmt/format.h>

#include <string>

#include "base/plural.h"
#include "recording/chunk_file.h"

namespace gorotrace {

[[nodiscard]] inline std::string file_damage_text(const FileDamage& damage) {
  std::string text;
  if (damage.cut)
    text = "the file was cut off: its writer was killed or is still at it, or a part of it is missing";
  if (damage.within() != 0)
    text += fmt::format("{}{} could not be read", text.empty() ? "" : "; ", plural(damage.within(), "part"));
  if (text.empty() && damage.bytes != 0)
    text = fmt::format("{} behind its end were not read", plural(damage.bytes, "byte"));
  if (damage.another) text += "; another capture file begins there: give each by itself";
  return text;
}

}  // namespace gorotrace
