// SIGINT, SIGTERM and SIGHUP as something the control loop waits for: a descriptor, readable when one has
// come. The first one ends in a report. Another one while that is made ends the process at once, but not
// before kGraceNs: who taps Ctrl-C twice wants what he has waited for. A SIGHUP that was ignored when we
// began (nohup) stays so.
#pragma once

#include <sys/signalfd.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace gorotrace {

class StopSignal {
 public:
  static constexpr std::uint64_t kGraceNs = 1'000'000'000;
  // Signals that come for somebody else, too: those beside ours, and who is asked first of each that comes.
  // What he takes is none of ours.
  struct Others {
    std::vector<int> signals = {};
    std::function<bool(const signalfd_siginfo&)> take = nullptr;
  };
  // Before any thread: those made afterwards leave the signals to this one.
  [[nodiscard]] static Result<StopSignal> make(Others others);
  [[nodiscard]] static Result<StopSignal> make() { return make({}); }
  StopSignal(StopSignal&&) = default;
  StopSignal& operator=(StopSignal&&) = delete;
  // From here on a signal ends the process; one that came and was not asked for counts as the first.
  ~StopSignal();

  [[nodiscard]] int fd() const { return fd_.get(); }
  // The first signal, once it has come.
  [[nodiscard]] std::optional<int> take();

 private:
  StopSignal() = default;
  UniqueFd fd_;
  Others others_;
  std::optional<int> came_;
};

}  // namespace gorotrace
