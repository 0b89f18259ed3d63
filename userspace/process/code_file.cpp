#include "process/code_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

#include "process/procfs.h"

namespace gorotrace {
namespace {

constexpr std::size_t kMaxLibraries = 4096;

// Looks before it opens: to open a device may do something.
UniqueFd open_regular(const std::string& path, std::optional<std::uint64_t> inode) {
  struct stat st{};
  const auto fits = [&] {
    errno = S_ISREG(st.st_mode) ? ENOENT : EINVAL;
    return S_ISREG(st.st_mode) && (!inode || *inode == st.st_ino);
  };
  if (::stat(path.c_str(), &st) != 0 || !fits()) return {};
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (fd && (::fstat(fd.get(), &st) != 0 || !fits())) return {};
  return fd;
}

}  // namespace

std::vector<SharedLibrary> shared_libraries(const std::vector<Mapping>& mappings,
                                            const std::string& executable) {
  std::vector<SharedLibrary> out;
  for (const Mapping& m : mappings) {
    if (!m.executable || m.inode == 0 || !m.path.starts_with('/')) continue;
    std::string_view path = m.path;
    if (path.ends_with(procfs::kDeleted)) path.remove_suffix(procfs::kDeleted.size());
    if (path == executable) continue;
    const auto known = std::ranges::find_if(out, [&](const SharedLibrary& library) {
      return library.path == path && library.code.front().inode == m.inode &&
             library.code.front().device == m.device;
    });
    if (known != out.end()) {
      known->code.push_back(m);
    } else if (out.size() < kMaxLibraries) {
      out.push_back({std::string(path), {m}});
    }
  }
  return out;
}

// Of a mapping the kernel keeps the file, whatever became of its name: /proc/PID/map_files has a link to it,
// which CAP_SYS_ADMIN and CAP_CHECKPOINT_RESTORE may follow (fs/proc/base.c proc_map_files_get_link). Others
// go by the name, and take what they find if it is that file: an inode is another file's only after the
// mapping has gone. (Not by the device: overlayfs and btrfs show another one in maps than stat does.)
Result<UniqueFd> open_library(pid_t pid, pid_t task, const SharedLibrary& library) {
  const Mapping& m = library.code.front();
  UniqueFd fd =
      open_regular(procfs::path(task, fmt::format("map_files/{:x}-{:x}", m.start, m.end)), std::nullopt);
  const int refused = fd ? 0 : errno;
  if (!fd && refused != EINVAL) fd = open_regular(procfs::path(task, "root" + library.path), m.inode);
  if (fd) return fd;
  const std::string what = fmt::format("process {}: opening {}, of which it runs code", pid, library.path);
  if (errno == EINVAL) return fail(ErrorKind::kUnsupported, what + ": it is no regular file");
  if (errno == ENOENT && (refused == EPERM || refused == EACCES))
    return fail(ErrorKind::kPermission, what +
                                            ": it was deleted or replaced since; CAP_SYS_ADMIN or "
                                            "CAP_CHECKPOINT_RESTORE opens it all the same");
  return fail_errno(errno, what);
}

Result<CodeFile> CodeFile::library_of(const Process& process, SharedLibrary library) {
  auto fd = open_library(process.pid(), process.task(), library);
  if (!fd) return std::unexpected(fd.error());
  CodeFile file(process);
  file.fd_ = *std::move(fd);
  file.library_ = std::move(library);
  return file;
}

std::string CodeFile::open_path() const {
  return is_executable() ? process_->executable_path() : fmt::format("/proc/self/fd/{}", fd_.get());
}

std::vector<std::uint64_t> load_biases(std::span<const ElfImage::Segment> segments,
                                       std::span<const Mapping> code) {
  std::vector<std::uint64_t> out;
  for (const Mapping& m : code) {
    for (const ElfImage::Segment& s : segments) {
      const bool shows = m.file_offset < s.offset + s.filesz && s.offset < m.file_offset + (m.end - m.start);
      if (!s.executable || !shows) continue;
      const std::uint64_t bias = m.start - (s.vaddr + (m.file_offset - s.offset));  // modulo 2^64, as loaders
      if (std::ranges::find(out, bias) == out.end()) out.push_back(bias);
    }
  }
  return out;
}

Result<std::uint64_t> CodeFile::load_bias(const ElfImage& image) const {
  const auto segments = image.segments();
  if (segments.empty()) return fail(ErrorKind::kUnsupported, "the file has no loadable segment");
  if (is_executable())
    return process_->load_bias(segments.front().vaddr & ~std::uint64_t{0xfff}, image.position_independent());
  const auto biases = load_biases(segments, library_.code);
  if (biases.size() == 1) return biases.front();
  if (biases.empty())
    return fail(ErrorKind::kFailed,
                "cannot establish where it is loaded: no mapping shows a segment of code");
  return fail(ErrorKind::kUnsupported,
              fmt::format("it is loaded {} times (dlmopen), and a probe in its file is in each of them",
                          biases.size()));
}

}  // namespace gorotrace
