#include "cli/hold_watch.h"

#include <fmt/format.h>

namespace gorotrace {

std::vector<std::string> HoldWatch::notices() const {
  std::vector<std::string> out;
  for (const auto& [holds, times] : held_) {
    out.push_back(times == looks_
                      ? fmt::format("the process was {} whenever that was looked at ({} times)", holds, times)
                      : fmt::format("the process was {} in {} of {} samples", holds, times, looks_));
  }
  return out;
}

}  // namespace gorotrace
