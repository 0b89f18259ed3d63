// A program that we start: held at its exec, before its first instruction, until it is let go. From then on
// it is a child like any other: nobody traces it, it lives on when we end, and its parent learns how it ends.
//
// It is in our process group, and so in the foreground or in the background of the terminal with us: what the
// terminal sends (Ctrl-C, Ctrl-\, Ctrl-Z) it gets itself. It has our streams, directory and environment, what
// files our own starter left open, and none of ours.
// Threads: one owner thread, the one that started it (ptrace(2) goes by threads).
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "process/inherited.h"
#include "process/user_ids.h"

namespace gorotrace {

struct SpawnOrder {
  std::vector<std::string> words;  // the program, looked for as execvp(3) does, and its arguments
  std::optional<UserIds> user;     // nullopt: ours
  Inherited inherited;
};

struct ProgramEnd {
  bool by_signal = false;
  int value = 0;  // exit status, or the signal
  // As shells tell it.
  [[nodiscard]] int exit_status() const { return by_signal ? 128 + value : value; }
};

class SpawnedProcess {
 public:
  // Started and held. kUnsupported for one that would get rights that its starter has not (set-user-ID,
  // set-group-ID, file capabilities): it does not run. Waits for the file system that it comes from.
  [[nodiscard]] static Result<std::unique_ptr<SpawnedProcess>> start(const SpawnOrder& order);
  // One that is still held has run nothing, and is killed.
  ~SpawnedProcess();
  SpawnedProcess(const SpawnedProcess&) = delete;
  SpawnedProcess& operator=(const SpawnedProcess&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  // The file that runs, when it is another one than that which was named: the interpreter of a script, or
  // what binfmt_misc has for its kind; else "".
  [[nodiscard]] const std::string& interpreter() const { return interpreter_; }

  [[nodiscard]] Status let_go();
  [[nodiscard]] bool held() const { return held_; }

  // Readable once it has ended (pidfd_open(2)).
  [[nodiscard]] int exit_fd() const { return pidfd_.get(); }
  [[nodiscard]] bool has_ended() const;
  // How, once it has. Does not wait. Its number is another process's once this has been told.
  [[nodiscard]] const std::optional<ProgramEnd>& ended();
  // Whether a signal stopped it since this was asked last.
  [[nodiscard]] bool was_stopped() const;
  void send(int signal) const;  // nothing when it has ended

 private:
  SpawnedProcess(pid_t pid, UniqueFd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}
  [[nodiscard]] Status hold_at_exec(const std::string& program, UniqueFd permit, UniqueFd report);
  [[nodiscard]] Status await_exec(const std::string& program, int report);
  [[nodiscard]] Status look_at_file(const std::string& program);

  const pid_t pid_;
  const UniqueFd pidfd_;
  bool held_ = true;
  std::string interpreter_;
  std::optional<ProgramEnd> end_;
};

}  // namespace gorotrace
