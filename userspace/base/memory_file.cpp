#include "base/memory_file.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace gorotrace {
namespace {

constexpr std::size_t kAtOnce = std::size_t{64} << 10;
constexpr unsigned kNoExec = 0x0008;  // MFD_NOEXEC_SEAL, Linux 6.3: vm.memfd_noexec=2 demands it

}  // namespace

MappedBytes::~MappedBytes() {
  if (size_ != 0) ::munmap(const_cast<void*>(address_), size_);
}

Result<MemoryFile> MemoryFile::make(const char* name) {
  UniqueFd fd(::memfd_create(name, MFD_CLOEXEC | kNoExec));
  if (!fd && errno == EINVAL) fd.reset(::memfd_create(name, MFD_CLOEXEC));
  if (!fd) return fail_errno(errno, "memfd_create");
  return MemoryFile(std::move(fd));
}

std::string MemoryFile::path() const {
  return fmt::format("/proc/self/fd/{}", fd_.get());
}

void MemoryFile::append(std::string_view bytes) {
  appended_ += bytes.size();
  waiting_ += bytes;
  if (waiting_.size() >= kAtOnce) flush();
}

void MemoryFile::flush() {
  std::string_view rest = waiting_;
  while (!rest.empty() && error_ == 0) {
    const ssize_t n = ::write(fd_.get(), rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      error_ = n < 0 ? errno : ENOSPC;
    } else {
      rest.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  waiting_.clear();
}

Result<std::shared_ptr<const MappedBytes>> MemoryFile::map() {
  flush();
  if (error_ != 0) return fail_errno(error_, "write to a file in memory");
  struct stat status{};
  if (::fstat(fd_.get(), &status) != 0) return fail_errno(errno, "stat of a file in memory");
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size == 0) return std::make_shared<const MappedBytes>("", 0);
  const void* address = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd_.get(), 0);
  if (address == MAP_FAILED) return fail_errno(errno, "map a file in memory");
  return std::make_shared<const MappedBytes>(address, size);
}

}  // namespace gorotrace
