#include "report/wrapping.h"

#include <algorithm>
#include <vector>

#include "report/columns.h"

namespace gorotrace {
namespace {

std::string untied(std::string_view word) {
  std::string out;
  for (std::size_t at; (at = word.find(kTie)) != std::string_view::npos;) {
    out.append(word.substr(0, at)).append(1, ' ');
    word.remove_prefix(at + kTie.size());
  }
  return out.append(word);
}

}  // namespace

std::string wrapped(std::string_view text, std::size_t width, std::size_t indent) {
  std::string out, line;
  bool first = true;  // of its line
  const auto next_line = [&] {
    out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    line = std::string(indent, ' ');
    first = true;
  };
  while (!text.empty()) {
    const std::size_t space = std::min(text.find(' '), text.size());
    const std::string word = untied(text.substr(0, space));
    text.remove_prefix(std::min(space + 1, text.size()));
    if (word.empty()) {  // a space more
      line += ' ';
      continue;
    }
    if (!first && display_width(line) + 1 + display_width(word) > width) next_line();
    const std::vector<std::string> pieces = broken(word, std::max(width, indent + 2) - indent);
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      if (i > 0) next_line();
      line += (first ? "" : " ") + pieces[i];
      first = false;
    }
  }
  return out + line + "\n";
}

}  // namespace gorotrace
