#include "process/spawn.h"

#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "base/bytes.h"
#include "base/one_file.h"
#include "base/text.h"
#include "process/procfs.h"

namespace gorotrace {
namespace {

// What the child says of why there is no program.
enum class Step : int { kInherited, kIds, kExec };
struct Report {
  Step step;
  int error;
};

struct Pipe {
  UniqueFd read, write;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> fds{};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0) return fail_errno(errno, "pipe");
  return Pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

// By the system calls: the C library's functions would have all threads of the process do the same.
bool take_ids(const UserIds& ids) {
  return ::syscall(SYS_setgroups, ids.groups.size(), ids.groups.data()) == 0 &&
         ::syscall(SYS_setresgid, ids.gid, ids.gid, ids.gid) == 0 &&
         ::syscall(SYS_setresuid, ids.uid, ids.uid, ids.uid) == 0;
}

// In the child. Other threads of ours may have held any lock at the fork.
[[noreturn]] void become(const SpawnOrder& order, char* const* words, char* const* environment, int permit,
                         int report) {
  char byte = 0;
  ssize_t got = 0;
  do got = ::read(permit, &byte, 1);
  while (got < 0 && errno == EINTR);
  if (got != 1) ::_exit(1);  // the parent has gone
  Report failed{Step::kInherited, 0};
  // The mask last: what is blocked until then comes to the program.
  if (order.user && !take_ids(*order.user)) {
    failed = {Step::kIds, errno};
  } else if (!order.inherited.restore()) {
    failed = {Step::kInherited, errno};
  } else {
    ::execvpe(words[0], words, environment);
    failed = {Step::kExec, errno};
  }
  while (::write(report, &failed, sizeof failed) < 0 && errno == EINTR) {
  }
  ::_exit(1);
}

std::unexpected<Error> told(const Report& report, const std::string& program) {
  const ErrorKind kind =
      report.error == EACCES || report.error == EPERM ? ErrorKind::kPermission : ErrorKind::kFailed;
  const char* what = report.step == Step::kExec  ? "cannot run"
                     : report.step == Step::kIds ? "cannot take the ids of the user for"
                                                 : "cannot prepare";
  return fail(kind, fmt::format("{} {}: {}", what, program, std::strerror(report.error)));
}

std::optional<std::uint64_t> auxv_of(pid_t pid, std::uint64_t type) {
  const auto text = procfs::read_file(pid, "auxv", 4096);
  if (!text) return std::nullopt;
  for (std::size_t at = 0; at + sizeof(Elf64_auxv_t) <= text->size(); at += sizeof(Elf64_auxv_t)) {
    Elf64_auxv_t entry;
    std::memcpy(&entry, text->data() + at, sizeof entry);
    if (entry.a_type == type) return entry.a_un.a_val;
  }
  return std::nullopt;
}

// The name that execve was given, which a script's interpreter does not change (fs/exec.c, AT_EXECFN).
std::string name_of_exec(pid_t pid) {
  const auto address = auxv_of(pid, AT_EXECFN);
  const UniqueFd memory(::open(procfs::path(pid, "mem").c_str(), O_RDONLY | O_CLOEXEC));
  if (!address || !memory) return "";
  std::array<char, 4096> text{};
  const ssize_t n = ::pread(memory.get(), text.data(), text.size() - 1, static_cast<off_t>(*address));
  return n > 0 ? std::string(text.data()) : "";
}

int wait_status(pid_t pid, int options, int& status) {
  pid_t got = 0;
  do got = ::waitpid(pid, &status, options);
  while (got < 0 && errno == EINTR);
  return got;
}

}  // namespace

Result<std::unique_ptr<SpawnedProcess>> SpawnedProcess::start(const SpawnOrder& order) {
  const std::string program = printable(order.words.front(), 256);
  if (order.user && ::geteuid() != 0 && order.user->uid != ::geteuid())
    return fail(ErrorKind::kPermission,
                fmt::format("{} cannot be run as another user: only root may do that", program));
  auto permit = make_pipe(), report = make_pipe();
  if (!permit) return std::unexpected(permit.error());
  if (!report) return std::unexpected(report.error());
  const std::vector<char*> words = pointers(order.words);
  std::vector<std::string> theirs;
  if (order.user) theirs = environment_of(*order.user);
  const std::vector<char*> environment = pointers(theirs);
  // Where it is ignored, which our starter may have left us, children leave no status (wait(2)).
  std::signal(SIGCHLD, SIG_DFL);
  const pid_t pid = ::fork();
  if (pid < 0) return fail_errno(errno, "fork");
  if (pid == 0) {
    ::close(permit->write.get());
    become(order, words.data(), order.user ? environment.data() : ::environ, permit->read.get(),
           report->write.get());
  }
  UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  const int error = errno;
  std::unique_ptr<SpawnedProcess> process(new SpawnedProcess(pid, std::move(pidfd)));
  if (!process->pidfd_) return fail_errno(error, "pidfd_open");
  permit->read.reset();
  report->write.reset();
  auto held = process->hold_at_exec(program, std::move(permit->write), std::move(report->read));
  if (!held) return std::unexpected(held.error());
  return process;
}

SpawnedProcess::~SpawnedProcess() {
  if (!held_ || ended()) return;
  (void)::kill(pid_, SIGKILL);  // not yet waited for: it is nobody else's number
  int status = 0;
  while (wait_status(pid_, __WALL, status) == pid_ && !WIFEXITED(status) && !WIFSIGNALED(status)) {
  }
}

Status SpawnedProcess::hold_at_exec(const std::string& program, UniqueFd permit, UniqueFd report) {
  // Whatever becomes of us while it is held, it does not run alone.
  constexpr long kOptions = PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
  if (::ptrace(PTRACE_SEIZE, pid_, nullptr, kOptions) != 0) {
    return fail(errno == EPERM ? ErrorKind::kPermission : ErrorKind::kFailed,
                fmt::format("{} cannot be held before its first instruction: ptrace: {} (kernel.yama."
                            "ptrace_scope=3 or a seccomp profile forbids it)",
                            program, std::strerror(errno)));
  }
  const char byte = 1;
  if (::write(permit.get(), &byte, 1) != 1) return fail_errno(errno, "starting " + program);
  permit.reset();
  if (auto come = await_exec(program, report.get()); !come) return come;
  return look_at_file(program);
}

Status SpawnedProcess::await_exec(const std::string& program, int report) {
  for (;;) {
    int status = 0;
    if (wait_status(pid_, __WALL, status) != pid_) return fail_errno(errno, "waiting for " + program);
    if (WIFEXITED(status) || WIFSIGNALED(status)) {
      held_ = false;
      end_ = ProgramEnd{WIFSIGNALED(status), WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status)};
      Report failed{};
      if (::read(report, &failed, sizeof failed) == static_cast<ssize_t>(sizeof failed))
        return told(failed, program);
      return fail(ErrorKind::kFailed, fmt::format("{} ended before it ran: {}", program,
                                                  end_->by_signal ? ::strsignal(end_->value) : "no reason"));
    }
    const int event = status >> 16, signal = WSTOPSIG(status);
    if (event == PTRACE_EVENT_EXEC) return {};
    // A signal, or a stop by one, that came while it was still us: as if nobody looked.
    const bool stop = event == PTRACE_EVENT_STOP && signal != SIGTRAP;
    const auto request = stop ? PTRACE_LISTEN : PTRACE_CONT;
    const long with = event == 0 ? signal : 0;
    if (::ptrace(request, pid_, nullptr, with) != 0 && errno != ESRCH)
      return fail_errno(errno, "ptrace of " + program);
  }
}

// The file that runs now, whatever has become of its name: a rename in between changes nothing.
Status SpawnedProcess::look_at_file(const std::string& program) {
  const std::string exe = procfs::path(pid_, "exe");
  struct stat st{};
  if (::stat(exe.c_str(), &st) != 0) return fail_errno(errno, "looking at " + program);
  const auto refused = [&](const char* what) {
    return fail(ErrorKind::kUnsupported,
                fmt::format("{} {}: it would have rights that its user has not, and who watches it would see "
                            "what it does with them. It was not run; start it without gorotrace, then "
                            "record -p PID",
                            program, what));
  };
  if ((st.st_mode & S_ISUID) != 0) return refused("is set-user-ID");
  if ((st.st_mode & S_ISGID) != 0 && (st.st_mode & S_IXGRP) != 0) return refused("is set-group-ID");
  if (::getxattr(exe.c_str(), "security.capability", nullptr, 0) > 0) return refused("has file capabilities");
  // Whatever else raises rights at an exec (a security module's transition).
  if (auxv_of(pid_, AT_SECURE).value_or(0) != 0) return refused("changes its rights when it is executed");
  struct stat named{};
  const std::string name = name_of_exec(pid_);
  if (!name.empty() && ::stat(name.c_str(), &named) == 0 && !is_one_file(named, st)) {
    const auto link = procfs::read_link(pid_, "exe");
    interpreter_ = link ? printable(*link) : "another program";
  }
  return {};
}

Status SpawnedProcess::let_go() {
  if (!held_) return {};
  // ESRCH: it was killed while it was held.
  if (::ptrace(PTRACE_DETACH, pid_, nullptr, nullptr) != 0 && errno != ESRCH)
    return fail_errno(errno, fmt::format("letting go of process {}", pid_));
  held_ = false;
  return {};
}

const std::optional<ProgramEnd>& SpawnedProcess::ended() {
  int status = 0;
  if (!end_ && !held_ && wait_status(pid_, WNOHANG, status) == pid_ &&
      (WIFEXITED(status) || WIFSIGNALED(status)))
    end_ = ProgramEnd{WIFSIGNALED(status), WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status)};
  return end_;
}

bool SpawnedProcess::has_ended() const {
  pollfd poll_fd{pidfd_.get(), POLLIN, 0};
  return end_ || ::poll(&poll_fd, 1, 0) > 0;
}

bool SpawnedProcess::was_stopped() const {
  siginfo_t info{};
  return !end_ && !held_ && ::waitid(P_PID, static_cast<id_t>(pid_), &info, WSTOPPED | WNOHANG) == 0 &&
         info.si_pid == pid_;
}

void SpawnedProcess::send(int signal) const {
  (void)::syscall(SYS_pidfd_send_signal, pidfd_.get(), signal, nullptr, 0);
}

}  // namespace gorotrace
