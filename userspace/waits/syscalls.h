// System calls: what the kernel says of the threads of goroutines that are in one
// (/proc/PID/task/TID/syscall).
#pragma once

#include <string_view>

#include "waits/files.h"
#include "waits/waiter.h"

namespace gorotrace::waits {

[[nodiscard]] Status find_syscalls(const Context& context, std::span<Waiter> waiters, FileTable& files);

// One line of /proc/PID/task/TID/syscall (proc_pid_syscall(5)); nothing for "running" and for a thread that
// the kernel stopped outside of a system call ("-1 ...").
struct KernelSyscall {
  std::uint64_t number = 0;
  std::array<std::uint64_t, 6> arguments{};
  std::uint64_t sp = 0, pc = 0;
};
[[nodiscard]] std::optional<KernelSyscall> parse_syscall(std::string_view text);

// Of the machine we run on; "" = not known to the kernel headers of the build.
[[nodiscard]] std::string_view syscall_name(std::uint64_t number);
// Whether its first argument is a file descriptor.
[[nodiscard]] bool takes_descriptor(std::string_view name);

}  // namespace gorotrace::waits
