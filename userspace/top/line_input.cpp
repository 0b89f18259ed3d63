#include "top/line_input.h"

namespace gorotrace {
namespace {

bool begins_character(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
}

}  // namespace

LineInput::Outcome LineInput::press(const KeyPress& key) {
  using enum KeyPress::Kind;
  switch (key.kind) {
    case kEnter:
      return Outcome::kDone;
    case kEscape:
      return Outcome::kGivenUp;
    case kBackspace:
      while (!text_.empty()) {
        const char last = text_.back();
        text_.pop_back();
        if (begins_character(last)) break;
      }
      return Outcome::kGoesOn;
    case kText:
      if (text_.size() + key.text.size() <= kLongest) text_ += key.text;
      return Outcome::kGoesOn;
    default:
      return Outcome::kGoesOn;
  }
}

}  // namespace gorotrace
