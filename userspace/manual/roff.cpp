#include "manual/roff.h"

#include <algorithm>
#include <cctype>
#include <cstddef>

namespace gorotrace::roff {
namespace {

constexpr std::size_t kSourceColumns = 78;
constexpr std::size_t kTypedColumns = 68;  // of 80, less the page's margins and the backslash

std::string escaped_words(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '\\':
        out += "\\e";
        break;
      case '-':
        out += "\\-";
        break;
      case '\'':
        out += "\\(aq";
        break;
      case '`':
        out += "\\(ga";
        break;
      case '^':
        out += "\\(ha";
        break;
      case '~':
        out += "\\(ti";
        break;
      case '"':
        out += "\\(dq";
        break;
      default:
        out += c;
    }
  }
  return out;
}

bool of_option(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-';
}

// "(--limit" is "(" and an option.
std::string word(std::string_view text) {
  std::size_t begin = text.find_first_not_of("(\"'");
  if (begin == std::string_view::npos || text[begin] != '-') return escaped_words(text);
  std::size_t end = begin + 1;
  while (end < text.size() && of_option(text[end])) ++end;
  const std::string_view name = text.substr(begin, end - begin);
  const std::size_t letter = name.find_first_not_of('-');
  if (letter == std::string_view::npos || letter > 2) return escaped_words(text);
  return escaped_words(text.substr(0, begin)) + bold(name) + escaped_words(text.substr(end));
}

bool ends_sentence(std::string_view word) {
  return word.size() > 2 && word.ends_with('.') && !word.ends_with("..");
}

std::string guarded(std::string line) {
  return line.starts_with('.') || line.starts_with("\\(aq") ? "\\&" + line : line;
}

}  // namespace

std::string escaped(std::string_view text) {
  return guarded(escaped_words(text));
}

std::string bold(std::string_view text) {
  return "\\fB" + escaped_words(text) + "\\fR";
}

std::string italic(std::string_view text) {
  return "\\fI" + escaped_words(text) + "\\fR";
}

std::string paragraph(std::string_view text) {
  std::string out, line;
  bool new_line = false;
  const auto end_line = [&] {
    if (!line.empty()) out += guarded(line) + "\n";
    line.clear();
  };
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find_first_of(" \n", at), text.size());
    const std::string_view plain = text.substr(at, end - at);
    at = end + 1;
    if (plain.empty()) continue;
    const std::string next = word(plain);
    if (new_line || line.size() + 1 + next.size() > kSourceColumns) end_line();
    line += (line.empty() ? "" : " ") + next;
    new_line = ends_sentence(plain);
  }
  end_line();
  return out;
}

std::vector<std::string> typed_lines(const std::string& command) {
  std::vector<std::string> lines;
  std::string rest = command;
  while (rest.size() > kTypedColumns) {
    std::size_t space = std::string::npos;
    char quote = 0;
    for (std::size_t i = 0; i < rest.size() && (i < kTypedColumns || space == std::string::npos); ++i) {
      const char c = rest[i];
      if (quote != 0) {
        if (c == quote) quote = 0;
      } else if (c == '\'' || c == '"') {
        quote = c;
      } else if (c == ' ' && rest.find_first_not_of(' ') < i) {
        space = i;
      }
    }
    if (space == std::string::npos) break;
    lines.push_back(rest.substr(0, space) + " \\");
    rest = "    " + rest.substr(space + 1);
  }
  lines.push_back(rest);
  return lines;
}

}  // namespace gorotrace::roff
