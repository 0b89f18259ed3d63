#include "cli/output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "base/text.h"
#include "base/unique_fd.h"
#include "cli/exit_codes.h"
#include "recording/claimed_file.h"

namespace gorotrace {
namespace {

constexpr mode_t kReadableByAll = 0666;  // less the umask

}  // namespace

Result<OutputFile> OutputFile::open(const std::string& path) {
  if (auto spared = spare_recording(path); !spared) return std::unexpected(spared.error());
  return open_ours(path);
}

Result<OutputFile> OutputFile::open_ours(const std::string& path) {
  OutputFile out;
  if (path.empty() || path == "-") return out;
  std::error_code unresolved;
  const std::filesystem::path resolved = std::filesystem::canonical(path, unresolved);
  out.path_ = unresolved ? path : resolved.string();
  struct stat existing{};
  const bool exists = stat(out.path_.c_str(), &existing) == 0;
  if (exists && !S_ISREG(existing.st_mode)) {
    out.file_.reset(std::fopen(out.path_.c_str(), "we"));
    if (!out.file_) return fail_errno(errno, "cannot write to " + path);
    return out;
  }
  if (auto opened = out.write_beside(path); !opened) return std::unexpected(opened.error());
  if (exists && fchmod(fileno(out.file_.get()), existing.st_mode & 0777) != 0)
    return fail_errno(errno, "cannot give a new file the permissions of " + path);
  return out;
}

Status OutputFile::write_beside(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path_).parent_path();
  // Without a name it goes when we go. Some file systems have no such files.
  int fd = ::open(folder.empty() ? "." : folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, kReadableByAll);
  if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
    std::string name = path_ + ".XXXXXX";
    fd = mkostemp(name.data(), O_CLOEXEC);
    if (fd >= 0) temporary_ = name;
    const mode_t mask = umask(0);
    umask(mask);
    if (fd >= 0) (void)fchmod(fd, kReadableByAll & ~mask);  // mkostemp: for its owner alone
  }
  if (fd < 0) return fail_errno(errno, "cannot create " + path);
  file_.reset(fdopen(fd, "w"));
  beside_ = true;
  return {};
}

Status OutputFile::take_its_name() {
  if (temporary_.empty()) {
    const std::string itself = fmt::format("/proc/self/fd/{}", fileno(file_.get()));
    if (linkat(AT_FDCWD, itself.c_str(), AT_FDCWD, path_.c_str(), AT_SYMLINK_FOLLOW) == 0) return {};
    // A link replaces nothing, a rename does.
    const std::string name = fmt::format("{}.{}", path_, getpid());
    if (errno != EEXIST || linkat(AT_FDCWD, itself.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) != 0)
      return fail_errno(errno, "cannot create " + path_);
    temporary_ = name;
  }
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0)
    return fail_errno(errno, "cannot replace " + path_);
  temporary_.clear();
  return {};
}

OutputFile::~OutputFile() {
  if (file_ && !temporary_.empty()) unlink(temporary_.c_str());
}

void OutputFile::write(std::string_view text) {
  if (error_ != 0) return;
  std::FILE* to = file_ ? file_.get() : stdout;
  if (std::fwrite(text.data(), 1, text.size(), to) != text.size()) error_ = errno;
}

bool OutputFile::flush() {
  if (error_ == 0 && std::fflush(file_ ? file_.get() : stdout) != 0) error_ = errno;
  return error_ == 0;
}

Status OutputFile::commit() {
  flush();
  if (!file_ && error_ == EPIPE) return {};
  if (error_ != 0) return fail_errno(error_, "cannot write to " + (file_ ? path_ : std::string("stdout")));
  if (beside_) {
    if (auto named = take_its_name(); !named) return named;
    beside_ = false;
  }
  file_.reset();
  return {};
}

Status spare_recording(const std::string& output) {
  struct stat status{};
  if (output.empty() || output == "-" || ::stat(output.c_str(), &status) != 0 || !S_ISREG(status.st_mode))
    return {};
  UniqueFd file(::open(output.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) file.reset(::open(output.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file || claim(file.get(), output)) return {};  // it is let go of with the descriptor
  return fail(ErrorKind::kFailed,
              fmt::format("cannot write {}: a recording is being written to it", printable(output)));
}

Status spare_input(const std::string& input, const std::string& output) {
  std::error_code apart;
  if (output.empty() || output == "-" || !std::filesystem::equivalent(input, output, apart)) return {};
  return fail(ErrorKind::kUsage, fmt::format("-o {} would write over the capture itself", output));
}

int write_to_stdout(std::string_view text) {
  auto out = OutputFile::open("");
  if (!out) return report_error(out.error());
  out->write(text);
  if (auto written = out->commit(); !written) return report_error(written.error());
  return kExitDone;
}

int write_json_to_stdout(const std::function<void(JsonWriter&)>& write) {
  auto out = OutputFile::open("");
  if (!out) return report_error(out.error());
  JsonWriter json(out->sink());
  write(json);
  json.end_line();
  if (auto written = out->commit(); !written) return report_error(written.error());
  return kExitDone;
}

}  // namespace gorotrace
