// A number that is the whole of a text.
#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string_view>
#include <system_error>

namespace gorotrace {

// nullopt for anything else: a sign that T has not, blanks, a rest, too large a number.
template <typename T>
[[nodiscard]] std::optional<T> whole_number(std::string_view text, int base = 10) {
  T value{};
  const char* const end = text.data() + text.size();
  const auto [next, error] = [&] {
    if constexpr (std::floating_point<T>) {
      return std::from_chars(text.data(), end, value, std::chars_format::fixed);
    } else {
      return std::from_chars(text.data(), end, value, base);
    }
  }();
  return error == std::errc() && next == end ? std::optional(value) : std::nullopt;
}

}  // namespace gorotrace
