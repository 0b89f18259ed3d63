#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

namespace gorotrace {

std::size_t terminal_width() {
  winsize w{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0) return w.ws_col;
  return 80;
}

}  // namespace gorotrace
