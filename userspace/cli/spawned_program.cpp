#include "cli/spawned_program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <utility>

#include "base/event_loop.h"
#include "base/text.h"
#include "cli/exit_codes.h"

namespace gorotrace {
namespace {

std::string shown(const std::vector<std::string>& words) {
  return printable(words.front(), 256);
}

bool in_foreground() {
  const UniqueFd terminal(::open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY));
  return terminal && ::tcgetpgrp(terminal.get()) == ::getpgrp();
}

}  // namespace

StopSignal::Others SpawnedProgram::signals(bool usr1_is_ours) {
  if (!wanted()) return {};
  std::vector<int> signals{SIGQUIT, SIGUSR2, SIGCHLD};
  if (!usr1_is_ours) signals.push_back(SIGUSR1);
  return {std::move(signals), [this](const signalfd_siginfo& signal) { return take(signal); }};
}

Result<std::optional<UserIds>> SpawnedProgram::choose_user() {
  if (user_.empty()) {
    auto caller = sudo_user();
    if (caller && *caller)
      as_ = fmt::format(
          " as {}, who called sudo (-u root: as root)",
          (*caller)->name.empty() ? fmt::format("user {}", (*caller)->uid) : printable((*caller)->name, 64));
    return caller;
  }
  auto ids = user_ids(user_);
  if (!ids) return wrap(ids.error(), "-u");
  if (::geteuid() != 0 && ids->uid == ::geteuid()) return std::nullopt;
  as_ = " as " + printable(ids->name, 64);
  return *std::move(ids);
}

Status SpawnedProgram::start() {
  auto user = choose_user();
  if (!user) return std::unexpected(user.error());
  auto process = SpawnedProcess::start({program_.words, *std::move(user), program_.inherited});
  if (!process) return std::unexpected(process.error());
  process_ = *std::move(process);
  std::signal(SIGTSTP, SIG_IGN);  // we stop when the program does
  return {};
}

Error SpawnedProgram::explain(Error error) const {
  if (process_ && error.kind == ErrorKind::kUnsupported && !process_->interpreter().empty())
    error.message += fmt::format("; {} is a file that {} runs: name the Go program itself",
                                 shown(program_.words), process_->interpreter());
  return error;
}

Status SpawnedProgram::let_go() {
  tell(fmt::format(
      "recording {} (PID {}){} from its first instruction; processes that it starts are not followed",
      shown(program_.words), pid(), as_));
  return process_->let_go();
}

bool SpawnedProgram::running() const {
  return process_ && !process_->held() && !process_->has_ended();
}

bool SpawnedProgram::take(const signalfd_siginfo& signal) {
  const int number = static_cast<int>(signal.ssi_signo);
  if (number == SIGCHLD) {
    if (process_ && process_->was_stopped()) stop_with_it();
    if (process_ && process_->has_ended()) std::signal(SIGTSTP, SIG_DFL);
    return true;
  }
  if (!process_ || process_->has_ended()) return false;
  // The terminal has sent it to the whole foreground; a program that sends to its process group has it, too.
  const bool has_it = signal.ssi_code == SI_KERNEL || static_cast<pid_t>(signal.ssi_pid) == pid();
  if (!has_it) process_->send(number);
  return true;
}

// Not SIGTSTP: that is ignored. The shell continues both.
void SpawnedProgram::stop_with_it() const {
  if (in_foreground()) (void)::kill(::getpid(), SIGSTOP);
}

Status SpawnedProgram::await_end(StopSignal& stop) {
  auto loop = EventLoop::make();
  if (!loop) return std::unexpected(loop.error());
  auto watched = loop->on_readable(process_->exit_fd(), [&] { loop->stop(); });
  if (watched) watched = loop->on_readable(stop.fd(), [&] { (void)stop.take(); });
  return watched ? loop->run() : watched;
}

void SpawnedProgram::tell_end() {
  if (!process_ || process_->held()) return;
  if (running()) {
    if (!std::exchange(told_running_, true))
      tell(fmt::format("the recording has ended; {} goes on until it ends itself", shown(program_.words)));
    return;
  }
  const auto& end = process_->ended();
  if (end && end->by_signal && !std::exchange(told_signal_, true))
    tell(fmt::format("{} was ended by signal {} ({})", shown(program_.words), end->value,
                     ::strsignal(end->value)));
}

int SpawnedProgram::finish(std::optional<StopSignal>& stop, int own) {
  if (!process_) return own;
  if (process_->held()) {
    process_.reset();
    return own;
  }
  tell_end();
  if (running()) {
    if (auto waited = await_end(*stop); !waited) return report_error(waited.error());
  }
  const auto& end = process_->ended();
  if (!end) return own;
  tell_end();
  return end->exit_status() != 0 ? end->exit_status() : own;
}

}  // namespace gorotrace
