#include "report/columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>
#include <vector>

namespace gorotrace {
namespace {

// Bytes of the character at the start; input is printable() output, so lead bytes are right.
std::size_t step(std::string_view s) {
  const auto lead = static_cast<unsigned char>(s[0]);
  const std::size_t n = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  return std::min(n, s.size());
}

char32_t code_point(std::string_view c) {
  const auto b = [&](std::size_t i) { return static_cast<unsigned char>(c[i]); };
  if (c.size() == 1) return b(0);
  char32_t v = b(0) & (0xffu >> (c.size() + 1));
  for (std::size_t i = 1; i < c.size(); ++i) v = (v << 6) | (b(i) & 0x3fu);
  return v;
}

// Ranges after Unicode's EastAsianWidth (W, F) and the zero-width blocks, coarse on purpose.
std::size_t columns_of(char32_t c) {
  if ((c >= 0x300 && c <= 0x36f) || (c >= 0x200b && c <= 0x200f) || (c >= 0xfe00 && c <= 0xfe0f)) return 0;
  const bool wide =
      (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) || (c >= 0xac00 && c <= 0xd7a3) ||
      (c >= 0xf900 && c <= 0xfaff) || (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) ||
      (c >= 0xffe0 && c <= 0xffe6) || (c >= 0x1f300 && c <= 0x1faff) || (c >= 0x20000 && c <= 0x3fffd);
  return wide ? 2 : 1;
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const std::size_t n = step(text);
    width += columns_of(code_point(text.substr(0, n)));
    text.remove_prefix(n);
  }
  return width;
}

std::string cut_middle(std::string_view text, std::size_t columns) {
  if (display_width(text) <= columns) return std::string(text);
  if (columns == 0) return "";
  // The tail tells more (method, closure number) than the head (package).
  const std::size_t head_columns = (columns - 1) * 2 / 5, tail_columns = columns - 1 - head_columns;
  std::vector<std::string_view> characters;
  for (std::string_view rest = text; !rest.empty(); rest.remove_prefix(characters.back().size())) {
    characters.push_back(rest.substr(0, step(rest)));
  }
  std::string head, tail;
  std::size_t used = 0;
  for (const std::string_view c : characters) {
    used += columns_of(code_point(c));
    if (used > head_columns) break;
    head += c;
  }
  used = 0;
  std::size_t from = characters.size();
  while (from > 0 && used + columns_of(code_point(characters[from - 1])) <= tail_columns) {
    used += columns_of(code_point(characters[--from]));
  }
  for (; from < characters.size(); ++from) tail += characters[from];
  return head + "…" + tail;
}

std::vector<std::string> broken(std::string_view text, std::size_t columns) {
  constexpr std::string_view kBehind = "/.,+)]}";
  std::vector<std::string> out;
  while (display_width(text) > columns) {
    std::size_t bytes = 0, used = 0, good = 0;  // good: where the piece ends best
    while (bytes < text.size()) {
      const std::string_view c = text.substr(bytes, step(text.substr(bytes)));
      const std::size_t wide = columns_of(code_point(c));
      if (used + wide > columns && bytes > 0) break;
      bytes += c.size();
      used += wide;
      if (used * 2 > columns && kBehind.find(c) != std::string_view::npos) good = bytes;
    }
    out.emplace_back(text.substr(0, good > 0 ? good : bytes));
    text.remove_prefix(out.back().size());
  }
  if (!text.empty() || out.empty()) out.emplace_back(text);
  return out;
}

void add_cell(std::string& line, std::string_view text, std::size_t columns) {
  if (!line.empty() && display_width(text) >= columns) line += ' ';
  line += pad_left(text, columns);
}

std::string pad_left(std::string_view text, std::size_t columns) {
  const std::size_t width = display_width(text);
  return std::string(width < columns ? columns - width : 0, ' ').append(text);
}

std::string pad_right(std::string_view text, std::size_t columns) {
  const std::size_t width = display_width(text);
  return std::string(text).append(width < columns ? columns - width : 0, ' ');
}

std::string short_count(std::uint64_t n) {
  if (n < 1'000'000) return fmt::format("{}", n);
  double value = static_cast<double>(n);
  for (const auto& [limit, unit, name] : {std::tuple{1e9, 1e6, 'M'},
                                          {1e12, 1e9, 'G'},
                                          {1e15, 1e12, 'T'},
                                          {1e18, 1e15, 'P'},
                                          {1e21, 1e18, 'E'}}) {
    if (value >= limit * 0.9995) continue;
    const double v = value / unit;
    return fmt::format("{:.{}f}{}", v, v < 9.995 ? 2 : v < 99.95 ? 1 : 0, name);
  }
  return fmt::format("{:.0e}", value);
}

std::string short_rate(double per_s) {
  if (per_s <= 0) return "0";
  if (per_s < 0.05) return "<0.1";
  if (per_s < 9.95) return fmt::format("{:.1f}", per_s);
  return short_count(static_cast<std::uint64_t>(std::llround(std::min(per_s, 1e18))));
}

std::string short_percent(double percent) {
  if (percent <= 0) return "0";
  if (percent < 0.05) return "<0.1";
  return percent < 9.95 ? fmt::format("{:.1f}", percent) : fmt::format("{:.0f}", percent);
}

std::string bar(double fraction, std::size_t columns) {
  static constexpr std::string_view kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  if (fraction <= 0) return "";
  const auto eighths = std::max<std::size_t>(
      1, static_cast<std::size_t>(std::lround(std::min(fraction, 1.0) * static_cast<double>(columns * 8))));
  std::string out;
  for (std::size_t i = 0; i < eighths / 8; ++i) out += "█";
  return out.append(kEighths[eighths % 8]);
}

}  // namespace gorotrace
