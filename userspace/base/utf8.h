#pragma once

#include <cstddef>
#include <string_view>

namespace gorotrace {

inline constexpr std::string_view kReplacementCharacter = "\xef\xbf\xbd";  // U+FFFD

// Length of the valid UTF-8 sequence at the start of `text` (RFC 3629); 0 when there is none.
[[nodiscard]] std::size_t utf8_length(std::string_view text);
// Of one valid sequence: C0 and C1 controls, which terminals obey; line separators U+2028 and U+2029, at
// which some readers of lines break one; direction overrides U+202A..U+202E and U+2066..U+2069.
[[nodiscard]] bool is_control(std::string_view sequence);

}  // namespace gorotrace
