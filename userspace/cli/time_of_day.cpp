#include "cli/time_of_day.h"

#include <fmt/format.h>

#include <chrono>
#include <ctime>

#include "base/clock.h"

namespace gorotrace {

std::string time_of_day(std::uint64_t at_ns) {
  const auto ago = std::chrono::nanoseconds(static_cast<std::int64_t>(monotonic_ns() - at_ns));
  const auto wall =
      std::chrono::system_clock::now() - std::chrono::duration_cast<std::chrono::system_clock::duration>(ago);
  const std::time_t seconds = std::chrono::system_clock::to_time_t(wall);
  std::tm local{};
  localtime_r(&seconds, &local);
  return fmt::format("{:02}:{:02}:{:02}", local.tm_hour, local.tm_min, local.tm_sec);
}

}  // namespace gorotrace
