#include "agent/probe_account.h"

namespace gorotrace {

void ProbeAccount::take(const StatFacts& facts, const Tables& tables) {
  now_ = {};
  now_.on = facts.on_at_end;
  now_.charged_ns = static_cast<std::uint64_t>(facts.cost.charged_ns);
  now_.target_cpu_ns = facts.cost.target_cpu_ns;
  now_.hits = facts.cost.hits;
  now_.events = facts.events.produced;
  now_.lost = facts.events.dropped_total();
  for (const Interval& part : tables.covered[GT_GROUP_BLOCK]) now_.covered_ns += part.to_ns - part.from_ns;
}

void ProbeAccount::end_session() {
  before_ = figures();
  before_.on = 0;
  now_ = {};
}

ProbeFigures ProbeAccount::figures() const {
  ProbeFigures out = now_;
  out.charged_ns += before_.charged_ns;
  out.target_cpu_ns += before_.target_cpu_ns;
  out.hits += before_.hits;
  out.events += before_.events;
  out.lost += before_.lost;
  out.covered_ns += before_.covered_ns;
  return out;
}

}  // namespace gorotrace
