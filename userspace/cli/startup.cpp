#include "cli/startup.h"

#include <fcntl.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

namespace gorotrace {
namespace {

// Blocks from here on are given back to the system when they are freed. By default glibc raises this limit to
// the size of what was freed, and what one look at 100,000 goroutines took (20 MB) stays resident.
constexpr int kOwnMapping = 1 << 20;

}  // namespace

void prepare_process() {
  mallopt(M_MMAP_THRESHOLD, kOwnMapping);
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (fcntl(fd, F_GETFD) != -1) continue;
    // Opened the wrong way round: reading or writing there fails with EBADF, as it should. The lowest number
    // that is free is this one.
    if (::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd) _exit(1);
  }
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
}

}  // namespace gorotrace
