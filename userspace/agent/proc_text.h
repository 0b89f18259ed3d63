// Words and lines of the files of /proc that processes' figures come from. Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>

namespace gorotrace {

inline constexpr std::size_t kProcTextBytes = 1u << 16;  // what is read of such a file at most

// Takes it off the text; "" at the end.
inline std::string_view next_word(std::string_view& text) {
  constexpr std::string_view kBlanks = " \t\n";
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  const std::size_t end = std::min(text.find_first_of(kBlanks), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

// The first line that begins with that, without it.
inline std::optional<std::string_view> line_behind(std::string_view text, std::string_view begin) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (text.starts_with(begin)) return text.substr(begin.size(), end - begin.size());
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return std::nullopt;
}

}  // namespace gorotrace
