#include "report/tabs.h"

#include <algorithm>

namespace gorotrace {
namespace {

constexpr std::size_t kTab = 8, kPadding = 1;

// text/tabwriter counts characters, not columns.
std::size_t characters(const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

}  // namespace

std::string align_with_tabs(std::span<const std::vector<std::string>> rows) {
  // widths[row][column]: of every cell but a row's last, which no tab ends.
  std::vector<std::vector<std::size_t>> widths(rows.size());
  std::size_t columns = 0;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    widths[r].resize(rows[r].empty() ? 0 : rows[r].size() - 1);
    columns = std::max(columns, widths[r].size());
  }
  for (std::size_t c = 0; c < columns; ++c) {
    for (std::size_t begin = 0; begin < rows.size();) {
      std::size_t end = begin, widest = 0;
      for (; end < rows.size() && widths[end].size() > c; ++end)
        widest = std::max(widest, characters(rows[end][c]));
      const std::size_t width = (widest + kPadding + kTab - 1) / kTab * kTab;
      for (std::size_t r = begin; r < end; ++r) widths[r][c] = width;
      begin = std::max(end, begin + 1);
    }
  }
  std::string out;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t c = 0; c < rows[r].size(); ++c) {
      out += rows[r][c];
      if (c >= widths[r].size()) continue;
      const std::size_t space = widths[r][c] - characters(rows[r][c]);
      out.append((space + kTab - 1) / kTab, '\t');
    }
    out += '\n';
  }
  return out;
}

}  // namespace gorotrace
