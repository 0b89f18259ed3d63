// Prose in lines. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace gorotrace {

// A paragraph broken at spaces, continuation lines indented; a word that no line has room for is broken too
// (columns.h). A tie (the no-break space) is printed as a space at which no line is broken: a name stays with
// its number.
inline constexpr std::string_view kTie = "\u00a0";
[[nodiscard]] std::string wrapped(std::string_view text, std::size_t width, std::size_t indent);

}  // namespace gorotrace
