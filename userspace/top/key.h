// A key of a terminal, whatever it sends for it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gorotrace {

struct KeyPress {
  enum class Kind : std::uint8_t {
    kText,  // one printable character
    kUp,
    kDown,
    kPageUp,
    kPageDown,
    kHome,
    kEnd,
    kLeft,
    kRight,
    kEnter,
    kEscape,
    kTab,
    kBackTab,
    kBackspace,
    kRedraw,  // Ctrl-L
    kOther,
  };
  Kind kind = Kind::kOther;
  std::string text = {};  // of kText, UTF-8

  [[nodiscard]] bool is(std::string_view character) const { return kind == Kind::kText && text == character; }
  [[nodiscard]] bool is(Kind wanted) const { return kind == wanted; }
};

}  // namespace gorotrace
