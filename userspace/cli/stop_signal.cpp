#include "cli/stop_signal.h"

#include <poll.h>
#include <pthread.h>
#include <sys/signalfd.h>

#include <atomic>
#include <cerrno>
#include <csignal>

#include "base/clock.h"

namespace gorotrace {
namespace {

std::atomic<std::uint64_t> first_ns;  // signals are the process's, and so is this
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

extern "C" void take_another(int signal) {
  if (monotonic_ns() - first_ns.load() < StopSignal::kGraceNs) return;
  std::signal(signal, SIG_DFL);
  std::raise(signal);  // delivered when this handler returns
}

}  // namespace

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
  first_ns = monotonic_ns();
  struct sigaction another{};
  another.sa_handler = take_another;
  another.sa_flags = SA_RESTART;
  sigaction(SIGINT, &another, nullptr);
  sigaction(SIGTERM, &another, nullptr);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  return true;
}

}  // namespace gorotrace
