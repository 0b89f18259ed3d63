// The program that `record -- PROGRAM` starts: whose ids it has, what becomes of the signals that come for
// it, and which exit code is ours.
//
// It is as if its starter had started it (process/spawn.h), and we are as if we were not there:
// * What the terminal sends the program gets itself. Ctrl-C and Ctrl-\ end the recording when they end the
//   program. When the program stops (Ctrl-Z) in the foreground so do we, and the shell sees a job that has
//   stopped.
// * What somebody sends to us alone (kill, a service manager) is passed on: SIGINT, SIGTERM, SIGHUP, SIGQUIT,
//   SIGUSR1 (unless it is for the flight recorder) and SIGUSR2. The recording ends with the program.
// * The exit code is the program's, or 128 and the signal that killed it; ours when that is 0 and something
//   of ours has failed, and when the program was not run.
// Threads: control thread.
#pragma once

#include <sys/signalfd.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/stop_signal.h"
#include "process/spawn.h"

namespace gorotrace {

// What stands behind "--", and what it is to have as we had it.
struct ProgramToStart {
  std::vector<std::string> words;
  Inherited inherited;
};

class SpawnedProgram {
 public:
  // user: of -u; "": ours, or whoever called sudo. program outlives this object.
  SpawnedProgram(const ProgramToStart& program, std::string user)
      : program_(program), user_(std::move(user)) {}

  [[nodiscard]] bool wanted() const { return !program_.words.empty(); }
  // The signals that come for it; nothing where no program is wanted.
  [[nodiscard]] StopSignal::Others signals(bool usr1_is_ours);

  // Held before its first instruction. Behind StopSignal::make.
  [[nodiscard]] Status start();
  [[nodiscard]] pid_t pid() const { return process_->pid(); }
  // The same error; of a script it says who runs it.
  [[nodiscard]] Error explain(Error error) const;
  // It runs, and that is said.
  [[nodiscard]] Status let_go();
  [[nodiscard]] bool running() const;

  // What became of it by now: that it goes on, or which signal ended it. In front of what is said of the
  // recording, whose lines are the last.
  void tell_end();
  // Behind all else: waits for its end if it was let go. own: the exit code of what we did.
  [[nodiscard]] int finish(std::optional<StopSignal>& stop, int own);

 private:
  [[nodiscard]] Result<std::optional<UserIds>> choose_user();
  [[nodiscard]] bool take(const signalfd_siginfo& signal);
  void stop_with_it() const;
  [[nodiscard]] Status await_end(StopSignal& stop);

  const ProgramToStart& program_;
  const std::string user_;
  std::string as_;  // "as user alice, ..."; "": as we are
  std::unique_ptr<SpawnedProcess> process_;
  bool told_running_ = false, told_signal_ = false;
};

}  // namespace gorotrace
