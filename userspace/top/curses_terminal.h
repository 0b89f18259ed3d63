// The terminal at stdin and stdout, by ncurses: the one file that knows it. From open() to the end of the
// object the whole screen is ours; whatever ends this process but SIGKILL gives it back as it was.
// Threads: one owner. One object at a time.
#pragma once

#include <termios.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "top/key.h"
#include "top/picture.h"

namespace gorotrace {

class CursesTerminal {
 public:
  struct Options {
    bool colour = true;  // if it has any
    bool ascii = false;  // the locale has no UTF-8
  };
  // kUsage: stdin or stdout is no terminal, or terminfo does not know it, or it cannot move its cursor.
  [[nodiscard]] static Status usable();
  // The same errors.
  [[nodiscard]] static Result<std::unique_ptr<CursesTerminal>> open(const Options& options);
  ~CursesTerminal();
  CursesTerminal(const CursesTerminal&) = delete;
  CursesTerminal& operator=(const CursesTerminal&) = delete;

  // The next key; nullopt: none is waiting.
  [[nodiscard]] std::optional<KeyPress> key();
  [[nodiscard]] std::size_t lines() const;
  [[nodiscard]] std::size_t columns() const;
  void paint(const Picture& picture);
  // Its size may have changed (SIGWINCH).
  void measure();
  // The next paint() draws every character.
  void redraw_all() { all_ = true; }
  // Gives the screen back, and takes it again: around whatever stops this process.
  void leave();
  void enter();
  // Somebody else may have changed the modes, and written to the screen: this process was stopped unasked.
  void recover();

 private:
  explicit CursesTerminal(const Options& options) : options_(options) {}
  void set_up();
  void rescue();

  const Options options_;
  termios before_{};
  bool all_ = false;
};

}  // namespace gorotrace
