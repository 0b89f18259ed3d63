// What tracing costs a target beyond its traps: a program that is slowed down parks where it would have spun,
// wakes threads by futex, and has colder caches. Traps alone told 10 % of a ping-pong that lost 15 %, beside
// other load a fifth of what it lost. Measured where groups come and go: the CPU time that the target takes
// for each thing that its runtime counts itself (one in eight of those that leave running, a system call, a
// creation), while it is traced, against the same while it is not. Of the three the one whose ratio is known
// best, over stretches of which the older ones weigh less. Pure arithmetic. Threads: control thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/ratio_estimate.h"

namespace gorotrace {

class Slowdown {
 public:
  struct Reading {
    std::uint64_t at_ns = 0, cpu_ns = 0;     // of one moment
    std::array<std::uint64_t, 3> counted{};  // by the runtime, so far; 0: it cannot be read
  };

  // From at_ns on the target is traced, or not; nullopt: probes come or go. What was read before belongs to
  // what was before.
  void traced(std::optional<bool> traced, std::uint64_t at_ns);
  void read(const Reading& reading);
  // The target's CPU time, and what its traps were charged, so far. What is charged while it is not traced,
  // for groups that stay, is no work of its own.
  void charged(std::uint64_t cpu_ns, double charged_ns);

  // CPU time of an operation while traced by that while not; nullopt: not known yet, or not well enough.
  [[nodiscard]] std::optional<double> times() const;
  // By how much what the target loses exceeds what its traps are charged: at least 1.
  [[nodiscard]] double weight() const;

 private:
  using Counts = std::array<double, 3>;
  // Over stretches of one kind.
  struct Sums {
    double stretches = 0;
    SquaredSum cpu;
    std::array<SquaredSum, 3> counted{};
    Counts products{};
    void add(double cpu_ns, const Counts& counts);
  };
  struct Rate {
    double each, error;  // error: relative
  };
  [[nodiscard]] static std::optional<Rate> rate(const Sums& sums, std::size_t i);
  void end_stretch();

  std::optional<bool> traced_;
  std::uint64_t since_ns_ = 0;
  std::optional<Reading> first_, last_;
  Sums on_, off_;
  struct Cost {
    double cpu_ns, charged_ns;
  };
  std::optional<Cost> cost_;  // as of the last tick of the stretch
  Cost stretch_{}, all_{};    // in the one that goes on; in those before that were traced
};

}  // namespace gorotrace
