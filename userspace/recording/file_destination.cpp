#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "base/one_file.h"
#include "base/text.h"
#include "recording/chunk_destination.h"

namespace gorotrace {
namespace {

// The whole path under which the file was opened; "": it has none, or none any more.
std::string name_of(int fd) {
  std::error_code unknown;
  std::string name = std::filesystem::read_symlink(fmt::format("/proc/self/fd/{}", fd), unknown).string();
  struct stat ours{}, named{};
  const bool same = ::fstat(fd, &ours) == 0 && ::stat(name.c_str(), &named) == 0 && is_one_file(ours, named);
  return same ? name : "";
}

class FileDestination : public ChunkDestination {
 public:
  explicit FileDestination(UniqueFd file) : file_(std::move(file)) {
    struct stat status{};
    can_cut_ = ::fstat(file_.get(), &status) == 0 && S_ISREG(status.st_mode);
    if (can_cut_ && status.st_size <= ::lseek(file_.get(), 0, SEEK_CUR)) name_ = name_of(file_.get());
  }

  Status begin(std::string_view header) override { return write(header); }
  Status put(const ChunkHeader& header, std::string_view bytes) override {
    const Status written = write(bytes);
    return written && header.kind == static_cast<std::uint8_t>(ChunkKind::kEnd) ? check() : written;
  }

 private:
  [[nodiscard]] Status write(std::string_view bytes);
  void take_back(std::size_t bytes) const;
  [[nodiscard]] Status check() const;
  [[nodiscard]] Status check_size() const;

  UniqueFd file_;
  std::string name_;      // of a file of which nothing is behind what we write; "": it has none
  Status changed_;        // somebody else did, before the end
  bool can_cut_ = false;  // a regular file: what was written of a chunk can be taken back
};

// All of them, or none as far as that can be done.
Status FileDestination::write(std::string_view bytes) {
  // What is cut now has a hole behind the next write, and is as long as it should be.
  if (changed_) changed_ = check_size();
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = ::write(file_.get(), bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      const int err = n < 0 ? errno : ENOSPC;
      take_back(done);
      return fail_errno(err, "cannot write to the capture file");
    }
    done += static_cast<std::size_t>(n);
  }
  return {};
}

// Where it fails a reader finds the next chunk all the same.
void FileDestination::take_back(std::size_t bytes) const {
  if (!can_cut_ || bytes == 0) return;
  const off_t now = ::lseek(file_.get(), 0, SEEK_CUR);
  const off_t before = now - static_cast<off_t>(bytes);
  if (now < 0 || before < 0 || ::ftruncate(file_.get(), before) != 0) return;
  ::lseek(file_.get(), before, SEEK_SET);
}

// It ends where the next byte would go.
Status FileDestination::check_size() const {
  struct stat ours{};
  const off_t end = ::lseek(file_.get(), 0, SEEK_CUR);
  if (name_.empty() || end < 0 || ::fstat(file_.get(), &ours) != 0 || ours.st_size == end) return {};
  const std::string name = printable(name_);
  return fail(ErrorKind::kFailed,
              ours.st_size < end
                  ? fmt::format("{} was cut to {} bytes by somebody else while it was recorded to", name,
                                ours.st_size)
                  : fmt::format("{} was written to by somebody else while it was recorded to", name));
}

// Whether what was written is where a reader will look for it.
Status FileDestination::check() const {
  if (name_.empty()) return {};
  struct stat ours{}, named{};
  const std::string name = printable(name_);
  if (::fstat(file_.get(), &ours) != 0) return fail_errno(errno, "cannot look at " + name);
  if (::stat(name_.c_str(), &named) != 0) {
    if (errno != ENOENT && errno != ENOTDIR) return fail_errno(errno, "cannot look at " + name);
    return fail(ErrorKind::kFailed,
                fmt::format("{} was removed while it was recorded to: the recording is lost", name));
  }
  if (!is_one_file(ours, named))
    return fail(
        ErrorKind::kFailed,
        fmt::format("{} was replaced by another file while it was recorded to: the recording is lost", name));
  return changed_ ? check_size() : changed_;
}

}  // namespace

std::unique_ptr<ChunkDestination> file_destination(UniqueFd file) {
  return std::make_unique<FileDestination>(std::move(file));
}

}  // namespace gorotrace
