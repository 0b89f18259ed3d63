// What the probes of one target have taken and lost, over all sessions that it was in. Pure.
// Threads: one owner.
#pragma once

#include <cstdint>

#include "evidence/facts.h"
#include "model/model.h"

namespace gorotrace {

struct ProbeFigures {
  GroupMask on = 0;                                 // at the last time
  std::uint64_t charged_ns = 0, target_cpu_ns = 0;  // CostFacts
  std::uint64_t hits = 0, events = 0, lost = 0;
  std::uint64_t covered_ns = 0;  // for so long the groups that tell of waits were on
};

class ProbeAccount {
 public:
  // Cumulative since the session began to trace it; again and again while it does.
  void take(const StatFacts& facts, const Tables& tables);
  void end_session();
  [[nodiscard]] ProbeFigures figures() const;

 private:
  ProbeFigures before_, now_;  // sessions that are over; the one that goes on
};

}  // namespace gorotrace
