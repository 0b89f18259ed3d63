#include "evidence/unread.h"

namespace gorotrace {

void count_unread(Tables& tables, const StatFacts& facts) {
  if (tables.looked || !facts.counters_end || facts.counters_end->live < 0) return;
  const auto live = static_cast<std::uint64_t>(facts.counters_end->live);
  if (live <= tables.live) return;
  tables.in_state[static_cast<std::size_t>(GState::kUnknown)] += live - tables.live;
  tables.live = live;
}

}  // namespace gorotrace
