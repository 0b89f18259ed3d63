#include "elf/file_window.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/text.h"

namespace gorotrace {
namespace {

std::optional<std::string> change_since(const FileIdentity& opened, int fd) {
  struct stat st{};
  if (::fstat(fd, &st) != 0) return fmt::format("cannot be looked at again: {}", std::strerror(errno));
  const FileIdentity now = FileIdentity::of(st);
  if (now == opened) return std::nullopt;
  if (now.size != opened.size)
    return fmt::format("was changed while it was read: it has {} bytes, and had {}", now.size, opened.size);
  return "was changed while it was read: it was written to";
}

}  // namespace

FileWindow::FileWindow(UniqueFd fd, const FileIdentity& identity, std::uint8_t* memory)
    : fd_(std::move(fd)), identity_(identity), memory_(memory), held_(identity.size / kPiece + 1) {}

FileWindow::~FileWindow() {
  ::munmap(memory_, size());
}

Result<std::unique_ptr<FileWindow>> FileWindow::open(const std::string& path) {
  const std::string shown = printable(path);
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return fail_errno(errno, "cannot open " + shown);
  return make(std::move(fd), shown);
}

Result<std::unique_ptr<FileWindow>> FileWindow::from_bytes(Bytes bytes) {
  UniqueFd fd(::memfd_create("executable", MFD_CLOEXEC));
  if (!fd) return fail_errno(errno, "cannot create a file in memory");
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd.get(), bytes.data(), bytes.size());
    if (n < 0) return fail_errno(errno, "cannot write a file in memory");
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return make(std::move(fd), "the file");
}

Result<std::unique_ptr<FileWindow>> FileWindow::make(UniqueFd fd, const std::string& shown) {
  struct stat st{};
  if (::fstat(fd.get(), &st) != 0) return fail_errno(errno, "cannot stat " + shown);
  if (!S_ISREG(st.st_mode)) return fail(ErrorKind::kUnsupported, shown + " is not a regular file");
  if (st.st_size == 0) return fail(ErrorKind::kUnsupported, shown + " is empty");
  const FileIdentity identity = FileIdentity::of(st);
  if (identity.size > kMaxFile)
    return fail(ErrorKind::kUnsupported, fmt::format("{} has {} bytes; at most {} are read of an executable",
                                                     shown, identity.size, kMaxFile));
  void* memory = ::mmap(nullptr, identity.size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return fail_errno(errno, "no address space for " + shown);
  ::madvise(memory, identity.size, MADV_NOHUGEPAGE);  // a piece of 64 KiB shall not take 2 MiB
  return std::unique_ptr<FileWindow>(
      new FileWindow(std::move(fd), identity, static_cast<std::uint8_t*>(memory)));
}

bool FileWindow::read(std::uint64_t offset, std::span<std::uint8_t> out) const {
  if (fault()) return false;
  while (!out.empty()) {
    const ssize_t n = ::pread(fd_.get(), out.data(), out.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_with(fmt::format("cannot be read: {}", std::strerror(errno)));
    if (n <= 0) break;
    offset += static_cast<std::uint64_t>(n);
    out = out.subspan(static_cast<std::size_t>(n));
  }
  verify();
  // Cut off and grown again within a clock tick: short, and unchanged.
  if (!out.empty()) fail_with("was changed while it was read: bytes of it were missing");
  return !fault();
}

void FileWindow::verify() const {
  if (auto change = change_since(identity_, fd_.get())) fail_with(*std::move(change));
}

std::optional<std::string> FileWindow::fault() const {
  const std::lock_guard lock(fault_mutex_);
  return fault_;
}

void FileWindow::fail_with(std::string reason) const {
  const std::lock_guard lock(fault_mutex_);
  if (!fault_) fault_ = std::move(reason);
}

bool FileWindow::fill(std::uint64_t offset, std::uint64_t size) const {
  if (size == 0) return true;
  const std::size_t last = (offset + size - 1) / kPiece;
  for (std::size_t piece = offset / kPiece; piece <= last; ++piece) {
    if (held_[piece]) continue;
    std::size_t end = piece + 1;
    while (end <= last && !held_[end]) ++end;
    const std::uint64_t begin = piece * kPiece;
    const std::size_t bytes = std::min<std::uint64_t>((end - piece) * kPiece, this->size() - begin);
    if (bytes > kMaxHeld - held_bytes_) {
      fail_with(fmt::format("asks for more than {} bytes of it in memory at once", kMaxHeld));
      return false;
    }
    if (!read(begin, {memory_ + begin, bytes})) return false;
    for (; piece < end; ++piece) held_[piece] = true;
    held_bytes_ += bytes;
  }
  return true;
}

void FileWindow::hold(int change) const {
  const std::lock_guard lock(mutex_);
  holds_ += change;
  give_back();
}

// All of it: what is needed again is soon there again, and nothing has to be kept on who used what when.
void FileWindow::give_back() const {
  if (holds_ != 0 || held_bytes_ <= kMaxKept) return;
  ::madvise(memory_, size(), MADV_DONTNEED);
  std::fill(held_.begin(), held_.end(), false);
  held_bytes_ = 0;
}

std::string_view FileWindow::View::c_string(std::uint64_t offset, std::uint64_t end, std::size_t max) const {
  if (offset >= end) return {};
  const std::uint64_t most = std::min<std::uint64_t>(end - offset, max);
  std::uint64_t length = 0;
  while (length < most) {
    const Bytes piece = piece_from(offset + length);
    if (piece.empty()) return {};
    const std::size_t here = std::min<std::uint64_t>(piece.size(), most - length);
    const void* zero = std::memchr(piece.data(), 0, here);
    if (zero != nullptr) {
      length += static_cast<std::size_t>(static_cast<const std::uint8_t*>(zero) - piece.data());
      break;
    }
    length += here;
  }
  return {reinterpret_cast<const char*>(window_.memory_ + offset), length};
}

}  // namespace gorotrace
