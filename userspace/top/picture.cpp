#include "top/picture.h"

#include <algorithm>

#include "base/utf8.h"
#include "report/columns.h"

namespace gorotrace {

std::string cut_end(std::string_view text, std::size_t columns) {
  // Each column takes at most four bytes and what is written over it: no need to measure a long text.
  if (text.size() <= columns || display_width(text) <= columns) return std::string(text);
  if (columns == 0) return "";
  std::size_t bytes = 0, used = 0;
  while (bytes < text.size()) {
    const std::size_t step = std::max<std::size_t>(utf8_length(text.substr(bytes)), 1);
    const std::size_t wide = display_width(text.substr(bytes, step));
    if (used + wide > columns - 1) break;
    bytes += step;
    used += wide;
  }
  return std::string(text.substr(0, bytes)) + "…";
}

std::size_t line_width(const PictureLine& line) {
  std::size_t width = 0;
  for (const InkedText& part : line) width += display_width(part.text);
  return width;
}

std::string line_text(const PictureLine& line) {
  std::string out;
  for (const InkedText& part : line) out += part.text;
  return out;
}

PictureLine fitted(const PictureLine& line, std::size_t columns, std::optional<Ink> ink) {
  PictureLine out;
  std::size_t left = columns;
  for (const InkedText& part : line) {
    if (left == 0) break;
    out.push_back({cut_end(part.text, left), ink.value_or(part.ink)});
    left -= std::min(left, display_width(out.back().text));
  }
  if (ink && left > 0) out.push_back({std::string(left, ' '), *ink});
  return out;
}

}  // namespace gorotrace
