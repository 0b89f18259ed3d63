// Holes in the numbering of each CPU's records. Numbers of one CPU may come slightly out of order (a program
// preempted between taking its number and reserving room): a hole that fills is none. Not thread-safe.
#pragma once

#include <cstdint>
#include <vector>

namespace gorotrace {

class SequenceCheck {
 public:
  // Open holes kept per CPU; of older ones only the size is remembered.
  static constexpr std::size_t kMaxHoles = 1024;

  void see(std::uint16_t cpu, std::uint32_t seq) {
    if (cpu >= cpus_.size()) cpus_.resize(std::size_t{cpu} + 1);
    PerCpu& c = cpus_[cpu];
    if (seq == c.next) {
      ++c.next;
    } else {
      out_of_order(c, seq);
    }
  }
  [[nodiscard]] std::uint64_t missing() const { return missing_; }

 private:
  struct Hole {
    std::uint32_t first, count;
  };
  struct PerCpu {
    std::uint32_t next = 0;
    std::vector<Hole> holes;
  };
  void out_of_order(PerCpu& cpu, std::uint32_t seq);

  std::vector<PerCpu> cpus_;
  std::uint64_t missing_ = 0;
};

}  // namespace gorotrace
