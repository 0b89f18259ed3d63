// gorotrace top while it has the screen: keys, documents and signals in, pictures out.
// Threads: control thread.
#pragma once

#include <sys/signalfd.h>

#include <vector>

#include "base/event_loop.h"
#include "base/result.h"
#include "cli/stop_signal.h"
#include "top/curses_terminal.h"
#include "top/feed.h"
#include "top/top_screen.h"

namespace gorotrace {

class TopWindow {
 public:
  // Signals beside those that end it, which come as well: Ctrl-Z, its end, another size of the screen.
  // Whoever makes the StopSignal hands them to take().
  [[nodiscard]] static std::vector<int> signals();
  [[nodiscard]] static bool means(const signalfd_siginfo& info);
  [[nodiscard]] bool take(const signalfd_siginfo& info);

  // All of them outlive this object.
  TopWindow(CursesTerminal& terminal, TopFeed& feed, TopScreen& screen)
      : terminal_(terminal), feed_(feed), screen_(screen) {}
  // Until a person or a signal ends it.
  [[nodiscard]] Status run(StopSignal& stop);

 private:
  void read_keys();
  void read_documents();
  void stop_here();
  void ask();
  void draw();

  CursesTerminal& terminal_;
  TopFeed& feed_;
  TopScreen& screen_;
  EventLoop* loop_ = nullptr;  // of run()
  std::optional<std::optional<std::string>> asked_;
};

}  // namespace gorotrace
