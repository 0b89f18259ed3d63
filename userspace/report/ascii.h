// Our texts for a terminal whose locale has no UTF-8. Pure.
#pragma once

#include <string>
#include <string_view>

namespace gorotrace {

// In ASCII: our own signs by something like them ("≥" by ">="), every other character by "?". Where a sign
// takes more columns than before, blanks in front of it make room, so that tables stay straight.
[[nodiscard]] std::string ascii_text(std::string_view text);

}  // namespace gorotrace
