// Whether a window was as long as was asked for, and if not, what made it longer. Pure but for Step's clocks.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace gorotrace {

class KeptTime {
 public:
  using Duration = std::chrono::nanoseconds;
  // One step of the control loop, in which nothing else was looked at, took this long; `cpu` of it on a CPU.
  void busy(Duration took, std::optional<Duration> cpu = std::nullopt) {
    if (took > longest_step_) {
      longest_step_ = took;
      cpu_of_it_ = cpu;
    }
  }
  // This process did not run when it was to, for this long (SIGSTOP, a machine that is too busy).
  void overslept(Duration by) { overslept_ = std::max(overslept_, by); }

  // A step from its construction to its end, on one thread.
  class Step {
   public:
    explicit Step(KeptTime& kept);
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;
    ~Step();

   private:
    KeptTime& kept_;
    std::chrono::steady_clock::time_point begin_;
    Duration cpu_;
  };

  // "asked for 2.00s, took 8.10s: ..."; "" when it was kept: to 5 %, or to what a detach takes.
  [[nodiscard]] std::string not_kept(Duration asked, Duration took, std::uint64_t goroutines) const;

 private:
  Duration longest_step_{0}, overslept_{0};
  std::optional<Duration> cpu_of_it_;
};

}  // namespace gorotrace
