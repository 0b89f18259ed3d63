#include "base/byte_size.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <limits>

namespace gorotrace {
namespace {

constexpr std::array kByteUnits{"B", "KiB", "MiB", "GiB", "TiB"};

}  // namespace

std::string format_bytes(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1023.95 && unit + 1 < kByteUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.{}f} {}", value, value < 99.95 ? 1 : 0, kByteUnits[unit]);
}

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  const auto is = [&](auto... names) { return ((unit == names) || ...); };
  unsigned shift = 0;
  if (is("k", "K", "KiB")) {
    shift = 10;
  } else if (is("m", "M", "MiB")) {
    shift = 20;
  } else if (is("g", "G", "GiB")) {
    shift = 30;
  } else if (!unit.empty()) {
    return std::nullopt;
  }
  if (value > std::numeric_limits<std::uint64_t>::max() >> shift) return std::nullopt;
  return value << shift;
}

}  // namespace gorotrace
