// Text from a target made safe to print, and durations as Go writes them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace gorotrace {

// Valid UTF-8 without control characters: each invalid byte or control character becomes U+FFFD; longer than
// max_bytes is cut at a character and ends in "…". Everything a target names passes here once, where it is
// read.
[[nodiscard]] std::string printable(std::string_view raw, std::size_t max_bytes = 4096);

// time.ParseDuration: "1m30s", "250ms", "1.5h". kUsage for anything else, negatives and overflow included.
[[nodiscard]] Result<std::chrono::nanoseconds> parse_duration(std::string_view text);

// At most three significant digits, Go's units: "1.35µs", "250ms", "1m30s".
[[nodiscard]] std::string format_duration(std::uint64_t ns);

}  // namespace gorotrace
