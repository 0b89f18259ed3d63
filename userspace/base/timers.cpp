#include "base/timers.h"

#include <algorithm>

namespace gorotrace {

void Timers::run_due(const std::function<bool()>& go_on) {
  const std::size_t there = timers_.size();  // what an action adds has its turn next time
  for (std::size_t i = 0; i < there && go_on(); ++i) {
    if (timers_[i].due > clock_()) continue;
    const Action action = timers_[i].action;  // the vector may move under it
    if (timers_[i].period.count() == 0) timers_[i].action = nullptr;
    action();
    Timer& timer = timers_[i];
    timer.due += timer.period;
    if (const MonotonicTime now = clock_(); timer.due <= now) timer.due = now + timer.period;
  }
  std::erase_if(timers_, [](const Timer& timer) { return !timer.action; });
}

std::optional<MonotonicTime> Timers::next() const {
  if (timers_.empty()) return std::nullopt;
  return std::ranges::min(timers_, {}, &Timer::due).due;
}

}  // namespace gorotrace
