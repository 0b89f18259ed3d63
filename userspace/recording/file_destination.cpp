#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "recording/chunk_destination.h"

namespace gorotrace {
namespace {

class FileDestination : public ChunkDestination {
 public:
  explicit FileDestination(UniqueFd file) : file_(std::move(file)) {
    struct stat status{};
    can_cut_ = ::fstat(file_.get(), &status) == 0 && S_ISREG(status.st_mode);
  }

  Status begin(std::string_view header) override { return write(header); }
  Status put(const ChunkHeader&, std::string_view bytes) override { return write(bytes); }

 private:
  [[nodiscard]] Status write(std::string_view bytes) const;
  void take_back(std::size_t bytes) const;

  UniqueFd file_;
  bool can_cut_ = false;  // a regular file: what was written of a chunk can be taken back
};

// All of them, or none as far as that can be done.
Status FileDestination::write(std::string_view bytes) const {
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

}  // namespace

std::unique_ptr<ChunkDestination> file_destination(UniqueFd file) {
  return std::make_unique<FileDestination>(std::move(file));
}

}  // namespace gorotrace
