#include "recording/claimed_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace gorotrace {
namespace {

constexpr int kTries = 10;  // of a file that others make and remove meanwhile

bool is_regular(int fd) {
  struct stat status{};
  return ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

bool is_named(int fd, const std::string& path) {
  struct stat ours{}, named{};
  return ::fstat(fd, &ours) == 0 && ::stat(path.c_str(), &named) == 0 && ours.st_dev == named.st_dev &&
         ours.st_ino == named.st_ino;
}

}  // namespace

Status claim(int fd, const std::string& path) {
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
    return fail(ErrorKind::kFailed, fmt::format("cannot write {}: another recording is written to it", path));
  return {};
}

Result<ClaimedFile> ClaimedFile::open(const std::string& path) {
  for (int i = 0; i < kTries; ++i) {
    UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    const bool made = static_cast<bool>(fd);
    // O_CREAT: a link to what is not there. O_NONBLOCK: a FIFO without a reader is an error now, not a wait
    // that no signal ends.
    if (!made && errno == EEXIST)
      fd.reset(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666));
    if (!fd) {
      return errno == ENXIO ? fail(ErrorKind::kFailed, fmt::format("cannot write {}: nobody reads it", path))
                            : fail_errno(errno, fmt::format("cannot write {}", path));
    }
    if (const int flags = ::fcntl(fd.get(), F_GETFL); flags >= 0)
      (void)::fcntl(fd.get(), F_SETFL, flags & ~O_NONBLOCK);
    if (!is_regular(fd.get())) return ClaimedFile(std::move(fd), path, false);
    if (auto claimed = claim(fd.get(), path); !claimed) return std::unexpected(claimed.error());
    // Who had it before may have removed it as it gave it up.
    if (is_named(fd.get(), path)) return ClaimedFile(std::move(fd), path, made);
  }
  return fail(ErrorKind::kFailed, fmt::format("cannot write {}: it is removed again and again", path));
}

ClaimedFile::~ClaimedFile() {
  if (fd_ && made_ && is_named(fd_.get(), path_)) ::unlink(path_.c_str());
}

}  // namespace gorotrace
