#include "process/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <elf.h>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstring>
#include <ctime>
#include <string_view>

#include "base/text.h"
#include "process/procfs.h"

namespace gorotrace {
namespace {

// Beyond what amd64 gives a process with five levels of page tables, and, whether the tag of an address is
// taken off (arm64 in bits 56-63, from bit 55 on; amd64's LAM_U57 in bits 57-62) or not.
constexpr ::off_t kNeverMapped = ::off_t{3} << 55;

// How long the other threads of a process that is being killed may outlive its first.
constexpr int kEndOfAllMs = 200;

// How long an exec may take on a machine that does much else; it is done within a millisecond on one that
// rests.
constexpr int kExecMs = 200;

std::unexpected<Error> no_permission(pid_t pid, const std::string& what) {
  const char* way_out =
      ::geteuid() == 0
          ? "though root: CAP_SYS_PTRACE or CAP_DAC_READ_SEARCH is missing, or the process is of a user "
            "namespace above ours, or a security module protects it"
          : "run as root, or add CAP_SYS_PTRACE (its memory) and CAP_DAC_READ_SEARCH (its files)";
  return fail(ErrorKind::kPermission, fmt::format("not allowed to read PID {} ({}): {}", pid, what, way_out));
}

// What a failed system call on /proc/pid says of the process.
std::unexpected<Error> cannot_read(pid_t pid, const std::string& what, const Error& error) {
  if (error.kind == ErrorKind::kPermission) return no_permission(pid, what);
  if (error.kind == ErrorKind::kNoProcess) return procfs::no_process(pid);
  return std::unexpected(error);
}

// In /proc an entry that is not there is a process that is not there.
std::unexpected<Error> proc_errno(int error, std::string message) {
  return fail_errno(error == ENOENT ? ESRCH : error, std::move(message));
}

// System calls take the numbers of our own PID namespace, /proc has those of the one it was mounted in: what
// is read from the one must be the process that the others are about.
Status check_proc(pid_t pid, int pidfd) {
  const auto text = procfs::read_fdinfo(pidfd);
  // Where we are nobody ourselves there is no /proc/self.
  if (!text && text.error().kind != ErrorKind::kNoProcess) return std::unexpected(text.error());
  const auto shown = text ? procfs::parse_fdinfo_pid(*text) : std::optional<pid_t>(0);
  if (!shown || *shown == pid) return {};
  if (*shown < 0) return procfs::no_process(pid);
  return fail(ErrorKind::kUsage,
              fmt::format("/proc is of another PID namespace than this process is in (PID {} is {} there): "
                          "mount one of your own, as 'unshare --mount-proc' does, or enter the mount "
                          "namespace, too ('nsenter -m')",
                          pid, *shown == 0 ? "nobody" : std::to_string(*shown)));
}

// Where the initial stack starts, 0: unknown. Waits for the end of an exec that is under way.
std::uint64_t initial_stack(pid_t task, int pidfd) {
  for (int ms = 0; ms < kExecMs; ++ms) {
    const auto text = procfs::read_file(task, "stat");
    const auto stat = text ? procfs::parse_stat(*text) : std::nullopt;
    if (!stat || !stat->in_exec()) return stat ? stat->start_stack : 0;
    pollfd exited{pidfd, POLLIN, 0};
    if (::poll(&exited, 1, 1) > 0) break;
  }
  return 0;
}

std::optional<std::uint64_t> auxv_value(std::string_view auxv, std::uint64_t type) {
  for (std::size_t at = 0; at + sizeof(Elf64_auxv_t) <= auxv.size(); at += sizeof(Elf64_auxv_t)) {
    Elf64_auxv_t entry;
    std::memcpy(&entry, auxv.data() + at, sizeof entry);
    if (entry.a_type == type) return entry.a_un.a_val;
  }
  return std::nullopt;
}

// As the name is: the kernel writes a line break in it as \012 (fs/seq_file.c seq_file_path), and nothing
// else.
std::string with_line_breaks(std::string_view path) {
  constexpr std::string_view kEscaped = "\\012";
  std::string out;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t found = std::min(path.find(kEscaped, at), path.size());
    out.append(path.substr(at, found - at));
    if (found < path.size()) out.push_back('\n');
    at = found + kEscaped.size();
  }
  return out;
}

// One line of /proc/PID/maps: "start-end perms offset major:minor inode   path".
std::optional<Mapping> parse_mapping(std::string_view line) {
  Mapping m{};
  const char* at = line.data();
  const char* const end = at + line.size();
  const auto field = [&]<typename T>(T& value, int base, char stop) {
    const auto [next, error] = std::from_chars(at, end, value, base);
    if (error != std::errc() || next == end || *next != stop) return false;
    at = next + 1;
    return true;
  };
  std::uint64_t major = 0, minor = 0;
  if (!field(m.start, 16, '-') || !field(m.end, 16, ' ') || end - at < 5) return std::nullopt;
  m.readable = at[0] == 'r';
  m.writable = at[1] == 'w';
  m.executable = at[2] == 'x';
  at += 5;
  if (!field(m.file_offset, 16, ' ') || !field(major, 16, ':') || !field(minor, 16, ' ')) return std::nullopt;
  const auto [next, error] = std::from_chars(at, end, m.inode);
  if (error != std::errc()) return std::nullopt;
  m.device = (major << 32) | minor;
  std::string_view path(next, static_cast<std::size_t>(end - next));
  path.remove_prefix(std::min(path.find_first_not_of(' '), path.size()));
  m.path = printable(with_line_breaks(path));
  return m;
}

}  // namespace

Result<std::vector<Mapping>> mappings_of(pid_t task) {
  constexpr std::size_t kMaxBytes = 64u << 20;  // vm.max_map_count's default is 65530 lines
  const auto text = procfs::read_file(task, "maps", kMaxBytes);
  if (!text) return std::unexpected(text.error());
  std::vector<Mapping> out;
  std::size_t at = 0;
  while (at < text->size()) {
    const std::size_t end = std::min(text->find('\n', at), text->size());
    if (auto mapping = parse_mapping(std::string_view(*text).substr(at, end - at)))
      out.push_back(std::move(*mapping));
    at = end + 1;
  }
  return out;
}

Result<std::unique_ptr<Process>> Process::open(pid_t host_pid) {
  if (host_pid <= 0) return procfs::no_process(host_pid);
  std::unique_ptr<Process> process(new Process);
  process->pid_ = host_pid;
  process->pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, host_pid, 0)));
  if (!process->pidfd_) {
    const int error = errno;
    if (error == ESRCH) return procfs::no_process(host_pid);
    // A thread that leads no process: EINVAL, since Linux 6.9 ENOENT.
    const auto status = procfs::read_file(host_pid, "status");
    const auto task = status ? procfs::parse_status(*status) : std::nullopt;
    if (task && task->tgid != host_pid) {
      return fail(ErrorKind::kUsage,
                  fmt::format("{} is a thread of process {}: name the process", host_pid, task->tgid));
    }
    return fail_errno(error, fmt::format("pidfd_open of PID {}", host_pid));
  }
  if (auto same = check_proc(host_pid, process->pidfd_.get()); !same) return std::unexpected(same.error());
  const auto stat_text = procfs::read_file(host_pid, "stat");
  const auto status_text = procfs::read_file(host_pid, "status");
  if (!stat_text) return cannot_read(host_pid, "stat", stat_text.error());
  if (!status_text) return cannot_read(host_pid, "status", status_text.error());
  const auto stat = procfs::parse_stat(*stat_text);
  const auto status = procfs::parse_status(*status_text);
  if (!stat || !status) {
    return fail(ErrorKind::kFailed, fmt::format("/proc/{}/stat or status has an unknown form", host_pid));
  }
  if ((stat->flags & procfs::kKernelThread) != 0) {
    return fail(ErrorKind::kUnsupported,
                fmt::format("PID {} ({}) is a kernel thread, it runs no executable", host_pid, stat->comm));
  }
  if (!process->find_task()) {
    return fail(ErrorKind::kNoProcess,
                fmt::format("PID {} ({}) has exited and waits for its parent", host_pid, stat->comm));
  }
  process->ns_pid_ = status->namespace_pid;
  process->start_time_ = stat->start_time;
  // A main thread that has exited has no address space to tell of.
  process->start_stack_ = initial_stack(process->task(), process->pidfd_.get());
  process->clock_ = TargetClock(monotonic_offset(fmt::format("/proc/{}", process->task())));

  const auto link = procfs::read_link(process->task(), "exe");
  if (!link) return cannot_read(host_pid, stat->comm, link.error());
  std::string_view exe = *link;
  process->deleted_ = exe.ends_with(procfs::kDeleted);
  if (process->deleted_) exe.remove_suffix(procfs::kDeleted.size());
  process->exe_ = printable(exe);

  struct ::stat file{};
  if (::stat(process->executable_path().c_str(), &file) != 0)
    return cannot_read(host_pid, process->exe_,
                       proc_errno(errno, "stat " + process->executable_path()).error());
  process->exe_device_ = file.st_dev;
  process->exe_inode_ = file.st_ino;
  // Pins the address space's identity, not its pages: see liveness().
  const std::string memory = procfs::path(process->task(), "mem");
  process->mem_.reset(::open(memory.c_str(), O_RDONLY | O_CLOEXEC));
  if (!process->mem_)
    return cannot_read(host_pid, process->exe_, proc_errno(errno, "open " + memory).error());
  return process;
}

std::string Process::executable_path() const {
  return procfs::path(task_, "exe");
}

Result<std::uint64_t> Process::load_bias(std::uint64_t first_load_vaddr, bool position_independent) const {
  if (!position_independent) return std::uint64_t{0};
  const auto auxv = procfs::read_file(task_, "auxv", 4096);
  if (!auxv) return std::unexpected(auxv.error());
  const auto entry = auxv_value(*auxv, AT_ENTRY);
  Elf64_Ehdr header{};
  const UniqueFd exe(::open(executable_path().c_str(), O_RDONLY | O_CLOEXEC));
  if (!exe) return fail_errno(errno, "open " + executable_path());
  if (!entry || ::pread(exe.get(), &header, sizeof header, 0) != static_cast<ssize_t>(sizeof header)) {
    return fail(ErrorKind::kFailed,
                fmt::format("cannot establish where PID {} is loaded: no AT_ENTRY", pid_));
  }
  // The kernel's own record of where it put the entry point; a process may map its file again elsewhere.
  const std::uint64_t bias = *entry - header.e_entry;
  const auto maps = mappings();
  if (!maps) return std::unexpected(maps.error());
  for (const Mapping& m : *maps) {
    if (m.start == bias + first_load_vaddr) return bias;
  }
  return fail(ErrorKind::kFailed,
              fmt::format("cannot establish where PID {} is loaded: nothing is mapped at {:#x}", pid_,
                          bias + first_load_vaddr));
}

Liveness Process::liveness() const {
  pollfd poll_fd{pidfd_.get(), POLLIN, 0};
  if (::poll(&poll_fd, 1, 0) > 0) return Liveness::kExited;
  // /proc/PID/mem stays bound to the address space it was opened on: once that has no user left a read gives
  // 0 bytes (fs/proc/base.c mem_rw), which also tells a re-exec of the same binary without address
  // randomisation. Until then this read is an error, at an address that no process can map: what one has
  // mapped may hold up whoever reads it.
  std::uint8_t byte = 0;
  const bool space_gone = ::pread(mem_.get(), &byte, 1, kNeverMapped) == 0;
  const auto text = procfs::read_file(pid_, "stat", 4096);
  if (!text &&
      text.error().kind != ErrorKind::kNoProcess)  // no descriptor left to ask with; the pidfd said no
    return space_gone ? Liveness::kExeced : Liveness::kAlive;
  const auto now = text ? procfs::parse_stat(*text) : std::nullopt;
  if (!now || now->start_time != start_time_) return Liveness::kExited;
  if (!now->has_exited()) {
    task_ = pid_;
  } else if (!find_task()) {
    return Liveness::kExited;
  }
  struct ::stat file{};
  const bool have_file = ::stat(executable_path().c_str(), &file) == 0;
  const bool other_file = have_file && (file.st_dev != exe_device_ || file.st_ino != exe_inode_);
  // 0 to those who may not know it, of a zombie, and for an instant in the middle of an exec
  // (fs/binfmt_elf.c sets it last).
  const bool other_stack = now->start_stack != 0 && start_stack_ != 0 && now->start_stack != start_stack_;
  if (space_gone || other_file || other_stack) {
    // Dying, the address space goes before the task does.
    return ::poll(&poll_fd, 1, 0) > 0 || !have_file ? Liveness::kExited : Liveness::kExeced;
  }
  return Liveness::kAlive;
}

bool Process::find_task() const {
  const pid_t task = procfs::living_task(pid_);
  if (task != 0) task_ = task;
  return task != 0;
}

Error Process::explain(Error error) const {
  const pid_t through = task_;
  Liveness now = liveness();
  // The thread that it was read through has ended and others live: of a process that is being killed they are
  // about to end as well.
  if (now == Liveness::kAlive && task_ != through) {
    pollfd poll_fd{pidfd_.get(), POLLIN, 0};
    ::poll(&poll_fd, 1, kEndOfAllMs);
    now = liveness();
  }
  switch (now) {
    case Liveness::kAlive:
      return error;
    case Liveness::kExited:
      return {ErrorKind::kNoProcess, fmt::format("process {} ({}) ended meanwhile", pid_, exe_)};
    case Liveness::kExeced:
      return {ErrorKind::kNoProcess,
              fmt::format("process {} ({}) executed another program meanwhile", pid_, exe_)};
  }
  return error;
}

std::optional<std::uint64_t> Process::cpu_time_ns() const {
  clockid_t clock{};
  timespec t{};
  if (::clock_getcpuclockid(pid_, &clock) != 0 || ::clock_gettime(clock, &t) != 0) return std::nullopt;
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(t.tv_nsec);
}

std::size_t Process::thread_count() const {
  const auto text = procfs::read_file(pid_, "stat", 4096);
  const auto stat = text ? procfs::parse_stat(*text) : std::nullopt;
  return stat ? stat->threads : 0;
}

std::optional<std::uint64_t> Process::used_bytes() const {
  const auto text = procfs::read_file(task_, "status");
  return text ? procfs::parse_used_bytes(*text) : std::nullopt;
}

ssize_t Process::read_memory(std::span<const iovec> local, std::span<const iovec> remote) const {
  const auto through = [&](pid_t task) {
    return ::process_vm_readv(task, local.data(), local.size(), remote.data(), remote.size(), 0);
  };
  const pid_t before = task_;
  const ssize_t got = through(before);
  if (got >= 0 || errno != ESRCH) return got;
  // That thread has no memory any more; the process may have, for others.
  if (find_task() && task_ != before) return through(task_);
  errno = ESRCH;
  return got;
}

bool Process::read(std::uint64_t address, std::span<std::uint8_t> out) const {
  if (out.empty()) return true;
  const iovec local{out.data(), out.size()};
  const iovec remote{reinterpret_cast<void*>(address), out.size()};
  return read_memory(std::span(&local, 1), std::span(&remote, 1)) == static_cast<ssize_t>(out.size());
}

bool Process::read_many(std::span<const Range> ranges, std::vector<bool>& failed) const {
  failed.assign(ranges.size(), false);
  std::array<iovec, IOV_MAX> local, remote;
  for (std::size_t done = 0; done < ranges.size();) {
    const std::size_t n = std::min<std::size_t>(ranges.size() - done, IOV_MAX);
    for (std::size_t i = 0; i < n; ++i) {
      const Range& range = ranges[done + i];
      local[i] = {range.out.data(), range.out.size()};
      remote[i] = {reinterpret_cast<void*>(range.address), range.out.size()};
    }
    const ssize_t got = read_memory(std::span(local).first(n), std::span(remote).first(n));
    if (got < 0 && errno != EFAULT) {
      for (std::size_t i = done; i < ranges.size(); ++i) failed[i] = true;
      return errno != ESRCH;
    }
    // A batch stops inside the first bad range: what came before is whole, what follows is asked for again.
    auto left = static_cast<std::size_t>(std::max<ssize_t>(got, 0));
    std::size_t whole = 0;
    while (whole < n && left >= ranges[done + whole].out.size()) left -= ranges[done + whole++].out.size();
    done += whole;
    if (whole < n) failed[done++] = true;
  }
  return true;
}

}  // namespace gorotrace
