#include <asm/unistd.h>

#include <algorithm>

#include "waits/syscalls.h"

namespace gorotrace::waits {
namespace {

struct SyscallName {
  std::uint64_t number;
  std::string_view name;
};
// One line per __NR_ macro of <asm/unistd.h>: CMakeLists.txt.
constexpr SyscallName kSyscallNames[] = {
#define X(name) {__NR_##name, #name},
#include "syscall_names.inc"
#undef X
};

// Those that can block.
constexpr std::string_view kDescriptorFirst[] = {
    "accept",    "accept4", "connect",   "copy_file_range", "epoll_pwait", "epoll_pwait2", "epoll_wait",
    "fallocate", "fcntl",   "fdatasync", "flock",           "fsync",       "ftruncate",    "getdents64",
    "ioctl",     "pread64", "preadv",    "preadv2",         "pwrite64",    "pwritev",      "pwritev2",
    "read",      "readv",   "recvfrom",  "recvmmsg",        "recvmsg",     "sendfile",     "sendmmsg",
    "sendmsg",   "sendto",  "splice",    "sync_file_range", "syncfs",      "tee",          "vmsplice",
    "write",     "writev"};

}  // namespace

std::string_view syscall_name(std::uint64_t number) {
  const auto* const at = std::find_if(std::begin(kSyscallNames), std::end(kSyscallNames),
                                      [&](const SyscallName& n) { return n.number == number; });
  return at == std::end(kSyscallNames) ? std::string_view{} : at->name;
}

bool takes_descriptor(std::string_view name) {
  return std::find(std::begin(kDescriptorFirst), std::end(kDescriptorFirst), name) !=
         std::end(kDescriptorFirst);
}

}  // namespace gorotrace::waits
