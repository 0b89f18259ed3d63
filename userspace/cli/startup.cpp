#include "cli/startup.h"

#include <fcntl.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <exception>
#include <new>
#include <system_error>

#include "cli/exit_codes.h"

namespace gorotrace {
namespace {

// Blocks from here on are given back to the system when they are freed. By default glibc raises this limit to
// the size of what was freed, and what one look at 100,000 goroutines took (20 MB) stays resident.
constexpr int kOwnMapping = 1 << 20;

// Nothing here may allocate or throw. Not exit(): other threads run, and what its handlers tidy up is theirs.
[[noreturn]] void give_up(const char* what, const char* detail) noexcept {
  for (const char* text : {"gorotrace: ", what, detail, "\n"}) {
    // A stderr that takes nothing is no reason not to end.
    if (::write(STDERR_FILENO, text, std::strlen(text)) < 0) break;
  }
  ::_exit(kExitFailed);
}

[[noreturn]] void out_of_memory() {
  give_up("out of memory, nothing stays attached",
          " (its own limits, or its cgroup's: ulimit -v, memory.max)");
}

[[noreturn]] void uncaught() {
  if (const auto exception = std::current_exception()) {
    try {
      std::rethrow_exception(exception);
    } catch (const std::system_error& e) {
      // Of what throws this here only a thread that does not start does so (std::thread, std::async).
      if (e.code() == std::errc::resource_unavailable_try_again)
        give_up("a thread could not be started, nothing stays attached",
                " (no memory or too many processes: ulimit -v, ulimit -u, memory.max, pids.max)");
      give_up("internal error, nothing stays attached: ", e.what());
    } catch (const std::exception& e) {
      give_up("internal error, nothing stays attached: ", e.what());
    } catch (...) {
      give_up("internal error, nothing stays attached", "");
    }
  }
  give_up("internal error, nothing stays attached", "");
}

}  // namespace

void end_with_a_word() {
  std::set_new_handler(out_of_memory);
  std::set_terminate(uncaught);
}

Inherited prepare_process() {
  const Inherited inherited = Inherited::now();
  mallopt(M_MMAP_THRESHOLD, kOwnMapping);
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (fcntl(fd, F_GETFD) != -1) continue;
    // Opened the wrong way round: reading or writing there fails with EBADF, as it should. The lowest number
    // that is free is this one. Whom we start has it closed, as we had it.
    if (::open("/dev/null", (fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) | O_CLOEXEC) != fd) _exit(1);
  }
  // A file as large as the limit allows (ulimit -f) is an error of the write, as a full disk is, and no
  // reason to die with probes still attached. Whom we start has the signal as we had it.
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  return inherited;
}

}  // namespace gorotrace
