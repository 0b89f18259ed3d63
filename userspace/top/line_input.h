// A line that a person types: the filter. Pure.
#pragma once

#include <optional>
#include <string>

#include "top/key.h"

namespace gorotrace {

class LineInput {
 public:
  static constexpr std::size_t kLongest = 256;  // bytes
  explicit LineInput(std::string text) : text_(std::move(text)) {}

  enum class Outcome { kGoesOn, kDone, kGivenUp };
  Outcome press(const KeyPress& key);
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;  // UTF-8
};

}  // namespace gorotrace
