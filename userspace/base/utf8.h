#pragma once

#include <cstddef>
#include <string_view>

namespace gorotrace {

inline constexpr std::string_view kReplacementCharacter = "\xef\xbf\xbd";  // U+FFFD

// Length of the valid UTF-8 sequence at the start of `text` (RFC 3629); 0 when there is none.
[[nodiscard]] std::size_t utf8_length(std::string_view text);

}  // namespace gorotrace
