// Text that fits columns: display width of UTF-8, cutting, padding, short numbers, and the few terminal
// styles.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gorotrace {

// Terminal columns of valid UTF-8: wide East Asian characters and emoji take 2, combining marks 0.
[[nodiscard]] std::size_t display_width(std::string_view text);
// At most `columns` wide; what is left out of the middle becomes "…". For what no screen has room for.
[[nodiscard]] std::string cut_middle(std::string_view text, std::size_t columns);
// Pieces of at most `columns` (at least 1, a wide character 2), which together are the text. They end behind
// one of "/.,+)]}" where the second half of a piece has one.
[[nodiscard]] std::vector<std::string> broken(std::string_view text, std::size_t columns);
// The next cell of a line, right-aligned. What is wider than its column pushes the line, and never touches
// the cell before it.
void add_cell(std::string& line, std::string_view text, std::size_t columns);
[[nodiscard]] std::string pad_left(std::string_view text, std::size_t columns);   // right-aligned
[[nodiscard]] std::string pad_right(std::string_view text, std::size_t columns);  // left-aligned
// At most 6 columns: exact below a million, then "1.23M", "12.3G".
[[nodiscard]] std::string short_count(std::uint64_t n);
[[nodiscard]] std::string short_rate(double per_s);       // one decimal below 10
[[nodiscard]] std::string short_percent(double percent);  // "0.4", "41", "<0.1": without the sign
// A bar of eighths of a block, `columns` wide at fraction 1; never empty for a fraction above 0.
[[nodiscard]] std::string bar(double fraction, std::size_t columns);

struct Style {
  bool colour = false;
  [[nodiscard]] std::string bold(std::string_view s) const { return wrap(s, "\x1b[1m"); }
  [[nodiscard]] std::string dim(std::string_view s) const { return wrap(s, "\x1b[2m"); }
  [[nodiscard]] std::string warn(std::string_view s) const { return wrap(s, "\x1b[33m"); }

 private:
  [[nodiscard]] std::string wrap(std::string_view s, std::string_view on) const {
    return colour ? std::string(on).append(s).append("\x1b[0m") : std::string(s);
  }
};

}  // namespace gorotrace
