#include "base/json_writer.h"

#include <algorithm>
#include <cmath>

#include "base/utf8.h"

namespace gorotrace {
namespace {

bool stands_for_itself(char c) {
  return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

// Of a valid UTF-8 sequence of one to three bytes.
unsigned code_point(std::string_view sequence) {
  const auto byte = [&](std::size_t i) {
    return static_cast<unsigned>(static_cast<unsigned char>(sequence[i]));
  };
  if (sequence.size() == 1) return byte(0);
  if (sequence.size() == 2) return (byte(0) & 0x1f) << 6 | (byte(1) & 0x3f);
  return (byte(0) & 0x0f) << 12 | (byte(1) & 0x3f) << 6 | (byte(2) & 0x3f);
}

// Of one valid UTF-8 sequence.
void append_escaped(std::string& to, std::string_view sequence) {
  const char c = sequence.front();
  if (c == '"' || c == '\\') {
    to += '\\';
    to += c;
  } else if (is_control(sequence)) {
    fmt::format_to(std::back_inserter(to), "\\u{:04x}", code_point(sequence));
  } else {
    to += sequence;
  }
}

}  // namespace

void JsonWriter::value(std::string_view text) {
  separate();
  text_ += '"';
  while (!text.empty()) {
    const auto plain =
        static_cast<std::size_t>(std::ranges::find_if_not(text, stands_for_itself) - text.begin());
    text_ += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    const std::size_t length = utf8_length(text);
    if (length > 0) {
      append_escaped(text_, text.substr(0, length));
    } else {
      text_ += kReplacementCharacter;
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  text_ += '"';
}

void JsonWriter::value(double number) {
  if (!std::isfinite(number)) return value(nullptr);
  separate();
  const std::size_t begin = text_.size();
  fmt::format_to(std::back_inserter(text_), "{}", number);
  // 5.0, not 5: readers that tell integers from other numbers go by the point.
  if (text_.find_first_of(".e", begin) == std::string::npos) text_ += ".0";
}

void JsonWriter::end_line() {
  text_ += '\n';
  hand_on();
  first_ = true;
  break_line_ = false;
}

void JsonWriter::hand_on() {
  sink_(text_);
  text_.clear();  // keeps its capacity
}

}  // namespace gorotrace
