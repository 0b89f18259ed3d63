#include "base/text.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <tuple>

#include "base/utf8.h"

namespace gorotrace {
namespace {

struct Unit {
  std::string_view name;
  double ns;
};
constexpr std::array<Unit, 8> kUnits{
    {{"ns", 1}, {"us", 1e3}, {"µs", 1e3}, {"μs", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}}};

}  // namespace

std::string printable(std::string_view raw, std::size_t max_bytes) {
  constexpr std::string_view kEllipsis = "\xe2\x80\xa6";
  std::string out;
  out.reserve(std::min(raw.size(), max_bytes));
  while (!raw.empty()) {
    std::size_t n = utf8_length(raw);
    std::string_view piece = n == 0 ? kReplacementCharacter : raw.substr(0, n);
    if (n != 0 && is_control(piece)) piece = kReplacementCharacter;
    if (out.size() + piece.size() > max_bytes) {
      out += kEllipsis;
      break;
    }
    out += piece;
    raw.remove_prefix(n == 0 ? 1 : n);
  }
  return out;
}

Result<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  const auto bad = [&] {
    return fail(ErrorKind::kUsage,
                fmt::format("\"{}\" is not a duration; write one as Go does (10s, 250ms, 1m30s), or seconds",
                            printable(text, 64)));
  };
  if (text.empty()) return bad();
  double total = 0;
  std::string_view rest = text;
  // A number alone: seconds, as sleep(1) and timeout(1) have it.
  if (rest.find_first_not_of("0123456789.") == std::string_view::npos)
    return parse_duration(std::string(rest) + "s");
  while (!rest.empty()) {
    const std::size_t digits = rest.find_first_not_of("0123456789.");
    if (digits == 0 || digits == std::string_view::npos) return bad();
    double number = 0;
    const auto [end, error] =
        std::from_chars(rest.data(), rest.data() + digits, number, std::chars_format::fixed);
    if (error != std::errc{} || end != rest.data() + digits) return bad();
    rest.remove_prefix(digits);
    const std::string_view name = rest.substr(0, rest.find_first_of("0123456789."));
    double unit = 0;
    for (const Unit& u : kUnits) {
      if (u.name == name) unit = u.ns;
    }
    if (unit == 0) return bad();
    total += number * unit;
    rest.remove_prefix(name.size());
  }
  if (total > 9.2e18) return bad();  // time.Duration is an int64 of ns
  return std::chrono::nanoseconds(std::llround(total));
}

std::string format_duration(std::uint64_t ns) {
  const auto value = static_cast<double>(ns);
  if (ns < 1000) return fmt::format("{}ns", ns);
  for (const auto& [limit, unit, name] : {std::tuple{1e6, 1e3, "µs"}, {1e9, 1e6, "ms"}, {60e9, 1e9, "s"}}) {
    if (value >= limit * 0.9995) continue;  // would round to 1000 of this unit
    const double v = value / unit;
    return fmt::format("{:.{}f}{}", v, v < 9.995 ? 2 : v < 99.95 ? 1 : 0, name);
  }
  const std::uint64_t s = (ns + 500'000'000) / 1'000'000'000;
  if (s < 3600) return fmt::format("{}m{}s", s / 60, s % 60);
  return fmt::format("{}h{}m", s / 3600, s % 3600 / 60);
}

}  // namespace gorotrace
