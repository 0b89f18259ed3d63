// CLOCK_MONOTONIC as a clock on the wall shows it: "14:03:07", in the time zone of whoever reads it.
// Threads: any.
#pragma once

#include <cstdint>
#include <string>

namespace gorotrace {

[[nodiscard]] std::string time_of_day(std::uint64_t at_ns);

}  // namespace gorotrace
