// A line on stderr that says how far something is, for a person who waits: only on a terminal, rewritten in
// place, gone at the end. Threads: control thread.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "base/event_loop.h"

namespace gorotrace {

class Progress {
 public:
  // `text`: what the line says, asked for about ten times a second while the loop runs. Nothing happens where
  // stderr is no terminal. `loop` ends before this object does.
  Progress(EventLoop& loop, std::function<std::string()> text);
  // A line that stays as it is while no loop runs.
  explicit Progress(const std::string& text);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

 private:
  void show();

  std::function<std::string()> text_;
  bool shown_ = false;
};

// "watching, 2s of 5s".
[[nodiscard]] std::string progress_text(const std::string& what, std::chrono::nanoseconds done,
                                        std::chrono::nanoseconds all);

}  // namespace gorotrace
