// Gives a terminal back when this process ends by a fault of its own: a signal that kills, an exception that
// nobody caught, no memory left. Who leaves as he should does so himself (top/curses_terminal.h).
// Threads: any may crash; the others are for one.
#pragma once

#include <termios.h>

#include <string>

namespace gorotrace {

// From here on, until forget_terminal(): writes `reset` to stdout and sets the modes of stdin, then dies as
// it would have. One terminal at a time.
void rescue_terminal(const termios& modes, const std::string& reset);
void forget_terminal();

}  // namespace gorotrace
