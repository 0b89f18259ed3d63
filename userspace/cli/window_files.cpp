#include "cli/window_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string_view>
#include <utility>

#include "cli/output_file.h"
#include "recording/claimed_file.h"

namespace gorotrace {
namespace {

// A disk that is full is known at the chunk that it refuses.
class ToOutput : public ChunkDestination {
 public:
  explicit ToOutput(OutputFile& out) : out_(out) {}
  Status begin(std::string_view header) override { return write(header); }
  Status put(const ChunkHeader&, std::string_view bytes) override { return write(bytes); }

 private:
  Status write(std::string_view bytes) {
    out_.write(bytes);
    return out_.flush() ? Status() : out_.commit();
  }
  OutputFile& out_;
};

// What has that name goes on having it unless all is written; `kept_as`: it is kept then, under that one.
Status write_to(const std::string& path, const KeptChunks& kept, const WindowKept& told,
                std::string* kept_as) {
  auto out = OutputFile::open_ours(path);
  if (!out) return std::unexpected(out.error());
  if (auto written = write_kept(kept, told, std::make_unique<ToOutput>(*out)); !written) return written;
  if (kept_as != nullptr) {
    // Both names lead to it until the new one takes its own.
    auto old = keep_old(path);
    if (!old) return std::unexpected(old.error());
    *kept_as = *std::move(old);
  }
  return out->commit();
}

}  // namespace

Result<std::unique_ptr<WindowFiles>> WindowFiles::make(std::string path) {
  struct stat existing{};
  if (path == "-" || (::stat(path.c_str(), &existing) == 0 && !S_ISREG(existing.st_mode)))
    return fail(
        ErrorKind::kUsage,
        fmt::format("-o {}: a window of --last is written whole and then given its name, which only a "
                    "regular file can have",
                    path));
  UniqueFd replaced(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!replaced && errno != ENOENT) return fail_errno(errno, "cannot open " + path);
  if (replaced) {
    if (auto claimed = claim(replaced.get(), path); !claimed) return std::unexpected(claimed.error());
  }
  // What would fail in the end is better known now.
  if (auto kept = old_name(path); !kept) return std::unexpected(kept.error());
  if (auto out = OutputFile::open_ours(path); !out) return std::unexpected(out.error());
  return std::unique_ptr<WindowFiles>(new WindowFiles(std::move(path), std::move(replaced)));
}

WindowFiles::~WindowFiles() {
  finish();
}

std::string WindowFiles::numbered(std::size_t number) const {
  if (number == 1) return path_;
  const std::filesystem::path path(path_);
  std::filesystem::path out = path;
  out.replace_filename(fmt::format("{}.{}{}", path.stem().string(), number, path.extension().string()));
  return out.string();
}

// An empty file that is ours: nobody else's is replaced.
Result<std::string> WindowFiles::reserve() {
  for (;; ++next_) {
    std::string name = numbered(next_);
    if (next_ == 1 && replaced_) return name;
    const UniqueFd made(::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (made) return name;
    if (errno != EEXIST) return fail_errno(errno, "cannot create " + name);
  }
}

Result<std::string> WindowFiles::write(const KeptChunks& kept, const WindowKept& told) {
  finish();
  return write_next(kept, told);
}

Result<std::string> WindowFiles::write_next(const KeptChunks& kept, const WindowKept& told) {
  if (kept.chunks.empty())
    return fail(ErrorKind::kFailed,
                "nothing could be kept: what is open of the targets takes more than --max-size allows");
  auto name = reserve();
  if (!name) return name;
  const bool replaces = next_ == 1 && replaced_;
  if (auto written = write_to(*name, kept, told, replaces ? &kept_as_ : nullptr); !written) {
    if (!replaces) ::unlink(name->c_str());
    return std::unexpected(written.error());
  }
  ++next_;
  return name;
}

void WindowFiles::write_later(KeptChunks kept, WindowKept told,
                              std::function<void(Result<std::string>)> done) {
  finish();
  thread_ =
      std::thread([this, kept = std::move(kept), told = std::move(told), done = std::move(done)]() mutable {
        Result<std::string> written = write_next(kept, told);
        kept = {};  // its memory is free before anybody is told
        done(std::move(written));
      });
}

void WindowFiles::finish() {
  if (thread_.joinable()) thread_.join();
}

}  // namespace gorotrace
