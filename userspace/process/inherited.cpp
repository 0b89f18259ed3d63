#include "process/inherited.h"

#include <cerrno>

namespace gorotrace {

Inherited Inherited::now() {
  Inherited out;
  sigemptyset(&out.mask);
  (void)sigprocmask(SIG_SETMASK, nullptr, &out.mask);
  for (int signal = 1; signal < kSignals; ++signal) {
    struct sigaction action{};
    // Those that the C library keeps for itself (32, 33) are not told, and never ignored.
    if (sigaction(signal, nullptr, &action) == 0)
      out.ignored[static_cast<std::size_t>(signal)] = action.sa_handler == SIG_IGN;
  }
  (void)getrlimit(RLIMIT_NOFILE, &out.files);
  return out;
}

bool Inherited::restore() const {
  for (int signal = 1; signal < kSignals; ++signal) {
    if (signal == SIGKILL || signal == SIGSTOP) continue;
    struct sigaction action{};
    action.sa_handler = ignored[static_cast<std::size_t>(signal)] ? SIG_IGN : SIG_DFL;
    if (sigaction(signal, &action, nullptr) != 0 && errno != EINVAL) return false;
  }
  if (setrlimit(RLIMIT_NOFILE, &files) != 0) return false;
  return sigprocmask(SIG_SETMASK, &mask, nullptr) == 0;
}

}  // namespace gorotrace
