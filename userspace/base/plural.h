// A number with its noun. Pure.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace gorotrace {

// "1 row", "2 rows"; nouns whose plural is another word give it.
[[nodiscard]] inline std::string plural(std::uint64_t n, std::string_view one, std::string_view many = "") {
  if (n == 1) return fmt::format("1 {}", one);
  return many.empty() ? fmt::format("{} {}s", n, one) : fmt::format("{} {}", n, many);
}

}  // namespace gorotrace
