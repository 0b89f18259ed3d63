#include "report/ascii.h"

#include <algorithm>
#include <array>
#include <utility>

#include "report/columns.h"

namespace gorotrace {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 16> kSigns{{{"≥", ">="},
                                                                                {"≤", "<="},
                                                                                {"±", "+-"},
                                                                                {"≈", "~"},
                                                                                {"µ", "u"},
                                                                                {"·", "-"},
                                                                                {"…", "..."},
                                                                                {"│", "|"},
                                                                                {"█", "#"},
                                                                                {"→", "->"},
                                                                                {"–", "-"},
                                                                                {"×", "x"},
                                                                                {"▲", "^"},
                                                                                {"▼", "v"},
                                                                                {"↑", "^"},
                                                                                {"↓", "v"}}};

bool starts_character(char c) {
  return (static_cast<unsigned char>(c) & 0xc0u) != 0x80u;
}

std::string in_ascii(std::string_view character) {
  const auto sign =
      std::ranges::find(kSigns, character, &std::pair<std::string_view, std::string_view>::first);
  if (sign != kSigns.end()) return std::string(sign->second);
  // The eighths of a bar: "▏" to "▉".
  if (character >= "▉" && character <= "▏") return character >= "▍" ? "." : "#";
  return std::string(display_width(character), '?');
}

}  // namespace

std::string ascii_text(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::size_t bytes = 1;
    while (bytes < text.size() && !starts_character(text[bytes])) ++bytes;
    const std::string_view character = text.substr(0, bytes);
    text.remove_prefix(bytes);
    if (bytes == 1) {
      out += character;
      continue;
    }
    const std::string sign = in_ascii(character);
    for (std::size_t more = display_width(character); more < sign.size() && out.ends_with("  "); ++more)
      out.pop_back();
    out += sign;
  }
  return out;
}

}  // namespace gorotrace
