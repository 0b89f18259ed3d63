#include "cli/stop_signal.h"

#include <pthread.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <utility>

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

bool ignored(int signal) {
  struct sigaction now{};
  return sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM}) sigaddset(&set, signal);
  if (!ignored(SIGHUP)) sigaddset(&set, SIGHUP);
  return set;
}

void let_go() {
  const sigset_t set = stop_signals();
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

}  // namespace

Result<StopSignal> StopSignal::make(Others others) {
  sigset_t set = stop_signals();
  for (const int signal : others.signals) sigaddset(&set, signal);
  if (const int error = pthread_sigmask(SIG_BLOCK, &set, nullptr); error != 0)
    return fail_errno(error, "blocking signals");
  StopSignal signal;
  signal.others_ = std::move(others);
  signal.fd_ = UniqueFd(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signal.fd_) return fail_errno(errno, "signalfd");
  // A closed pipe (| head) is the end of the output, not a way to die with probes still attached.
  std::signal(SIGPIPE, SIG_IGN);
  return signal;
}

StopSignal::~StopSignal() {
  if (fd_ && !take()) let_go();
}

std::optional<int> StopSignal::take() {
  if (came_) return came_;
  signalfd_siginfo info;
  do {
    if (read(fd_.get(), &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return std::nullopt;
  } while (others_.take && others_.take(info));
  came_ = static_cast<int>(info.ssi_signo);
  first_ns = monotonic_ns();
  struct sigaction another{};
  another.sa_handler = take_another;
  another.sa_flags = SA_RESTART;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    if (signal != SIGHUP || !ignored(SIGHUP)) sigaction(signal, &another, nullptr);
  }
  let_go();
  return came_;
}

}  // namespace gorotrace
