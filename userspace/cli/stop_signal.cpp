#include "cli/stop_signal.h"

#include <poll.h>
#include <pthread.h>
#include <sys/signalfd.h>

#include <cerrno>
#include <csignal>

namespace gorotrace {

Result<StopSignal> StopSignal::make() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  if (const int error = pthread_sigmask(SIG_BLOCK, &set, nullptr); error != 0)
    return fail_errno(error, "blocking signals");
  StopSignal signal;
  signal.fd_ = UniqueFd(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signal.fd_) return fail_errno(errno, "signalfd");
  // A closed pipe (| head) is the end of the output, not a way to die with probes still attached.
  std::signal(SIGPIPE, SIG_IGN);
  return signal;
}

bool StopSignal::wait(int timeout_ms) {
  if (came_) return true;
  pollfd p{fd_.get(), POLLIN, 0};
  if (poll(&p, 1, timeout_ms) <= 0) return false;
  signalfd_siginfo info;
  if (read(fd_.get(), &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return false;
  came_ = true;
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  return true;
}

}  // namespace gorotrace
