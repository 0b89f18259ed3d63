#include "recording/claimed_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "base/one_file.h"

namespace gorotrace {
namespace {

constexpr int kTries = 10;  // of a file that others make and remove meanwhile
constexpr std::string_view kOld = ".old";

bool is_regular(int fd) {
  struct stat status{};
  return ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

bool is_named(int fd, const std::string& path) {
  struct stat ours{}, named{};
  return ::fstat(fd, &ours) == 0 && ::stat(path.c_str(), &named) == 0 && is_one_file(ours, named);
}

// The name itself, behind links; those of the kernel lead to what has no name to be changed.
std::string real_name(const std::string& path) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0 || !S_ISLNK(status.st_mode)) return path;
  if (path.starts_with("/dev/") || path.starts_with("/proc/")) return "";
  std::error_code dangling;
  const auto real = std::filesystem::canonical(path, dangling);
  return dangling ? "" : real.string();
}

std::string without_old(const std::string& name) {
  return name.substr(0, name.size() - kOld.size());
}

// A new file, claimed, in the place of `path`; of its permissions and owner what may be had.
Result<UniqueFd> put_in_place(const std::string& path, const struct stat& like) {
  const std::string beside = fmt::format("{}.{}", path, ::getpid());
  UniqueFd fd(::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!fd) return fail_errno(errno, fmt::format("cannot write {}", path));
  (void)!::fchown(fd.get(), like.st_uid, like.st_gid);
  (void)::fchmod(fd.get(), like.st_mode & 0777);
  auto claimed = claim(fd.get(), path);
  if (claimed && ::rename(beside.c_str(), path.c_str()) == 0) return fd;
  const int error = errno;
  ::unlink(beside.c_str());
  if (!claimed) return std::unexpected(claimed.error());
  return fail_errno(error, fmt::format("cannot write {}", path));
}

}  // namespace

Result<std::string> old_name(const std::string& path) {
  const std::string real = real_name(path);
  struct stat status{};
  if (real.empty() || ::lstat(real.c_str(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_size == 0)
    return "";
  std::string old = real + std::string(kOld);
  const std::filesystem::path folder = std::filesystem::path(real).parent_path();
  if (::faccessat(AT_FDCWD, folder.empty() ? "." : folder.c_str(), W_OK | X_OK, AT_EACCESS) != 0)
    return fail_errno(errno, fmt::format("cannot keep {} as {}", path, old));
  if (::lstat(old.c_str(), &status) == 0 && S_ISDIR(status.st_mode))
    return fail_errno(EISDIR, fmt::format("cannot keep {} as {}", path, old));
  return old;
}

Result<std::string> keep_old(const std::string& path) {
  auto old = old_name(path);
  if (!old || old->empty()) return old;
  const std::string real = without_old(*old), linked = fmt::format("{}.{}", *old, ::getpid());
  const bool made = ::link(real.c_str(), linked.c_str()) == 0;
  const bool kept = ::rename(made ? linked.c_str() : real.c_str(), old->c_str()) == 0;
  const int error = errno;
  if (made) ::unlink(linked.c_str());  // it stays where both were one file before
  if (!kept) return fail_errno(error, fmt::format("cannot keep {} as {}", path, *old));
  return old;
}

Status claim(int fd, const std::string& path) {
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
    return fail(ErrorKind::kFailed, fmt::format("cannot write {}: another recording is written to it", path));
  return {};
}

Result<ClaimedFile> ClaimedFile::open(const std::string& path) {
  if (path == "-")
    return fail(ErrorKind::kUsage,
                "- names no file to write to: give /dev/stdout, or ./- for a file of that name");
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
    if (!is_regular(fd.get())) return ClaimedFile(std::move(fd), path, "", false);
    if (auto claimed = claim(fd.get(), path); !claimed) return std::unexpected(claimed.error());
    // Who had it before may have removed it as it gave it up.
    if (!is_named(fd.get(), path)) continue;
    auto kept_as = old_name(path);
    if (!kept_as) return std::unexpected(kept_as.error());
    return ClaimedFile(std::move(fd), path, std::move(*kept_as), made);
  }
  return fail(ErrorKind::kFailed, fmt::format("cannot write {}: it is removed again and again", path));
}

Status ClaimedFile::begin_anew() {
  if (kept_as_.empty() || !is_named(fd_.get(), path_)) {
    if (::ftruncate(fd_.get(), 0) != 0) return fail_errno(errno, "cannot empty the capture file");
    return {};
  }
  struct stat status{};
  if (::fstat(fd_.get(), &status) != 0) return fail_errno(errno, fmt::format("cannot write {}", path_));
  auto kept = keep_old(path_);
  if (!kept) return std::unexpected(kept.error());
  if (kept->empty()) return {};  // somebody has emptied it
  const std::string real = without_old(*kept);
  auto fd = put_in_place(real, status);
  if (!fd) {
    if (::access(real.c_str(), F_OK) != 0) (void)::rename(kept->c_str(), real.c_str());
    return std::unexpected(fd.error());
  }
  fd_ = std::move(*fd);
  return {};
}

ClaimedFile::~ClaimedFile() {
  if (fd_ && made_ && is_named(fd_.get(), path_)) ::unlink(path_.c_str());
}

}  // namespace gorotrace
