// Sizes as people read and write them, with units of 1024. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gorotrace {

// "812 B", "9.4 MiB", "1.2 GiB".
[[nodiscard]] std::string format_bytes(std::uint64_t bytes);

// "4096", "4k", "8m", "8M", "8MiB", "1g", "1GiB"; nullopt for what is none, or more than 64 bits hold.
[[nodiscard]] std::optional<std::uint64_t> parse_bytes(std::string_view text);

}  // namespace gorotrace
