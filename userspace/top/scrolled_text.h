// Lines that a person reads from top to bottom: a stack, the help. Pure. Threads: one.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "top/key.h"
#include "top/picture.h"

namespace gorotrace {

struct IndentedText {
  std::string text;
  Ink ink = Ink::kPlain;
  std::size_t indent = 0;  // of its first line; what has no room there goes on two columns further right
  std::size_t prose = 0;   // columns further right at which prose goes on, at a word; 0: it is a name
};

class ScrolledText {
 public:
  // Where it was scrolled to stays.
  void set(std::vector<IndentedText> text) { text_ = std::move(text); }
  void rewind() { first_ = 0; }
  // Whether the key meant something here.
  bool press(const KeyPress& key);
  [[nodiscard]] std::vector<PictureLine> draw(std::size_t lines, std::size_t columns);

 private:
  std::vector<IndentedText> text_;
  std::size_t first_ = 0;            // of the lines, at the width that was drawn last
  std::size_t page_ = 10, all_ = 0;  // lines that were drawn last, and that there were
};

}  // namespace gorotrace
