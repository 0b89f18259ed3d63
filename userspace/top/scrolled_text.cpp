#include "top/scrolled_text.h"

#include <algorithm>

#include "report/columns.h"
#include "report/wrapping.h"

namespace gorotrace {
namespace {

std::vector<std::string> in_lines(std::string_view prose, std::size_t columns, std::size_t further) {
  std::vector<std::string> out;
  const std::string lines = wrapped(prose, columns, further);
  for (std::size_t at = 0, end; (end = lines.find('\n', at)) != std::string::npos; at = end + 1)
    out.push_back(lines.substr(at, end - at));
  return out;
}

}  // namespace

bool ScrolledText::press(const KeyPress& key) {
  using enum KeyPress::Kind;
  const std::size_t last = all_ > page_ ? all_ - page_ : 0;
  const auto up = [&](std::size_t by) { first_ -= std::min(first_, by); };
  const auto down = [&](std::size_t by) { first_ = std::min(first_ + by, last); };
  if (key.is(kUp) || key.is("k")) return up(1), true;
  if (key.is(kDown) || key.is("j")) return down(1), true;
  if (key.is(kPageUp)) return up(page_), true;
  if (key.is(kPageDown)) return down(page_), true;
  if (key.is(kHome) || key.is("g")) return up(first_), true;
  if (key.is(kEnd) || key.is("G")) return down(last), true;
  return false;
}

std::vector<PictureLine> ScrolledText::draw(std::size_t lines, std::size_t columns) {
  constexpr std::size_t kLeast = 8, kFurther = 2;
  std::vector<PictureLine> all;
  for (const IndentedText& text : text_) {
    const std::size_t indent = columns > text.indent + kLeast ? text.indent : 0;
    const std::size_t room = columns > indent + kFurther + kLeast ? columns - indent - kFurther : kLeast;
    const bool fits = indent + display_width(text.text) <= columns;
    const bool at_words = text.prose != 0 && room > text.prose + kLeast;
    const std::size_t further = at_words ? 0 : kFurther;  // wrapped() indents itself
    const std::vector<std::string> pieces = fits       ? std::vector{text.text}
                                            : at_words ? in_lines(text.text, columns - indent, text.prose)
                                                       : broken(text.text, room);
    for (std::size_t i = 0; i < pieces.size(); ++i)
      all.push_back(
          fitted({{std::string(indent + (i > 0 ? further : 0), ' ') + pieces[i], text.ink}}, columns));
  }
  page_ = std::max<std::size_t>(lines, 1);
  all_ = all.size();
  first_ = std::min(first_, all_ > page_ ? all_ - page_ : 0);
  const auto from = all.begin() + static_cast<std::ptrdiff_t>(first_);
  const auto count = static_cast<std::ptrdiff_t>(std::min(lines, all_ - first_));
  return {from, from + count};
}

}  // namespace gorotrace
