// The few files of /proc/PID we read, parsed. Everything in them that a target chooses (comm, paths) is
// hostile.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace gorotrace::procfs {

// The part of /proc/PID/stat that is used (proc_pid_stat(5)); numbers are its field numbers.
struct Stat {
  std::string comm;               // 2, sanitised
  char state = '?';               // 3
  std::uint32_t flags = 0;        // 9
  std::size_t threads = 0;        // 20
  std::uint64_t start_time = 0;   // 22, clock ticks since boot
  std::uint64_t addresses = 0;    // 23, bytes of its address space that are taken
  std::uint64_t start_code = 0;   // 26, 1 unless we may ptrace it
  std::uint64_t start_stack = 0;  // 28, 0 unless we may ptrace it
  // Also of one that is at its end: do_exit marks a thread before it lets go of memory and files, and shows
  // it as running until it is a zombie (kernel/exit.c).
  [[nodiscard]] bool has_exited() const;
  // Its address space is being built: mappings lack, and the stack's start is not the last. Where the code
  // lies is said at the end (fs/binfmt_elf.c load_elf_binary), a first start of the stack long before it.
  [[nodiscard]] bool in_exec() const { return start_code == 0 && start_stack != 0; }
};
inline constexpr std::uint32_t kExiting = 0x0000'0004;       // PF_EXITING, include/linux/sched.h
inline constexpr std::uint32_t kKernelThread = 0x0020'0000;  // PF_KTHREAD
inline bool Stat::has_exited() const {
  return state == 'Z' || state == 'X' || (flags & kExiting) != 0;
}

[[nodiscard]] std::optional<Stat> parse_stat(std::string_view text);

struct TaskStatus {
  pid_t tgid = 0;
  pid_t namespace_pid = 0;  // last number of NSpid
  uid_t uid = 0;            // effective
  pid_t tracer = 0;         // who has it under ptrace(2), 0: nobody
};
[[nodiscard]] std::optional<TaskStatus> parse_status(std::string_view text);

// VmRSS, VmSwap and HugetlbPages of /proc/PID/status, in bytes; nullopt without the first (a kernel thread, a
// zombie).
[[nodiscard]] std::optional<std::uint64_t> parse_used_bytes(std::string_view status);

// The 64 hex digits that docker, containerd, cri-o and podman put in the cgroup path (the innermost when
// nested), else "".
[[nodiscard]] std::string container_id(std::string_view cgroup_text);

// "Pid:" of /proc/self/fdinfo of a pidfd: the number that /proc knows that process by. 0: /proc is of a PID
// namespace that the process is not in; -1: it is gone.
[[nodiscard]] std::optional<pid_t> parse_fdinfo_pid(std::string_view fdinfo);

// Whole content of /proc/self/fdinfo/FD.
[[nodiscard]] Result<std::string> read_fdinfo(int fd);

// What the kernel appends to the path of a file that was unlinked (fs/d_path.c), in links and in maps.
inline constexpr std::string_view kDeleted = " (deleted)";

// Whole content of /proc/PID/<name>, at most max_bytes of it.
[[nodiscard]] Result<std::string> read_file(pid_t pid, std::string_view name,
                                            std::size_t max_bytes = 1u << 20);
[[nodiscard]] Result<std::string> read_link(pid_t pid, std::string_view name);
[[nodiscard]] std::string path(pid_t pid, std::string_view name);

// The error for a PID that names nothing. What is not there in /proc/PID (ENOENT) is kNoProcess above, too.
[[nodiscard]] std::unexpected<Error> no_process(pid_t pid);

// A thread of that process that lives: the number by which /proc and process_vm_readv(2) still reach its
// memory and files when its main thread has ended (pthread_exit) and is a zombie without them. The process's
// own while that lives, else the lowest, which is the oldest: in a C program the one that Go's first thread
// is. 0: none lives.
[[nodiscard]] pid_t living_task(pid_t pid);

// Whether the process has that thread, by the number that the thread itself knows (the innermost of NSpid);
// nullopt where that may not be asked, or the process is gone.
[[nodiscard]] std::optional<bool> has_thread(pid_t pid, pid_t namespace_tid);

// Of this boot of the machine; "" where it cannot be read.
[[nodiscard]] std::string boot_id();

// Numeric directories of /proc, ascending.
[[nodiscard]] std::vector<pid_t> all_pids();

}  // namespace gorotrace::procfs
