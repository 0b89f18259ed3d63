#include "capture/apart.h"

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>

namespace gorotrace {
namespace {

constexpr std::size_t kStackBytes = 64 << 10;

class Stack {
 public:
  Stack()
      : base_(::mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK,
                     -1, 0)) {}
  ~Stack() {
    if (base_ != MAP_FAILED) ::munmap(base_, kStackBytes);
  }
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;
  [[nodiscard]] void* top() const {
    return base_ == MAP_FAILED ? nullptr : static_cast<std::byte*>(base_) + kStackBytes;
  }

 private:
  void* base_;
};

struct Call {
  void (*work)(void*);
  void* argument;
};

int other_process(void* of) {
  ::setsid();
  ::prctl(PR_SET_NAME, "gt-probes");  // `killall gorotrace` means the tracer
  const Call& call = *static_cast<const Call*>(of);
  call.work(call.argument);
  ::_exit(0);
}

std::atomic<std::uint64_t> cpu_ns = 0;

std::uint64_t nanoseconds(const timeval& time) {
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(time.tv_usec) * 1000;
}

}  // namespace

std::uint64_t apart_cpu_ns() {
  return cpu_ns;
}

Status run_apart(Descriptors descriptors, void (*work)(void*), void* argument) {
  const Stack stack;
  Call call{work, argument};
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const int files = descriptors == Descriptors::kShared ? CLONE_FILES : 0;
  const pid_t pid =
      stack.top() ? ::clone(other_process, stack.top(), CLONE_VM | CLONE_VFORK | SIGCHLD | files, &call) : -1;
  const int err = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) return fail(ErrorKind::kResources, fail_errno(err, "starting a process").error().message);
  int status = 0;
  pid_t reaped = 0;
  rusage used{};
  do {
    reaped = ::wait4(pid, &status, 0, &used);
  } while (reaped < 0 && errno == EINTR);
  if (reaped == pid) cpu_ns += nanoseconds(used.ru_utime) + nanoseconds(used.ru_stime);
  // ECHILD: whoever started us had SIGCHLD ignored, and the kernel does not keep the status.
  if (reaped == pid && status != 0)
    return fail(ErrorKind::kFailed, "the process that sets and removes breakpoints for us was killed");
  return {};
}

}  // namespace gorotrace
