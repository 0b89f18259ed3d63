#include "html/page_text.h"

#include <algorithm>

namespace gorotrace {

std::string html_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

TextSink json_in_html(const TextSink& sink) {
  return [&sink](std::string_view text) {
    while (!text.empty()) {
      const std::size_t plain = std::min(text.find_first_of("<>"), text.size());
      if (plain > 0) sink(text.substr(0, plain));
      if (plain == text.size()) return;
      sink(text[plain] == '<' ? "\\u003c" : "\\u003e");
      text.remove_prefix(plain + 1);
    }
  };
}

}  // namespace gorotrace
